import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/**
 * Builds the modules that tests import, in a process of its own: Vitest would load the compilers through its own module
 * runner, which takes a minute.
 */
export default async function setup(): Promise<void> {
  await promisify(execFile)(process.execPath, [join(import.meta.dirname, "build.ts")], {
    cwd: join(import.meta.dirname, ".."),
  });
}

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

declare global {
  /** Shared by the projects, each of which loads this file anew. */
  var testModulesBuilt: Promise<unknown> | undefined;
}

/**
 * Builds the modules that tests import, in a process of its own: Vitest would load the compilers through its own module
 * runner, which takes a minute.
 */
export default async function setup(): Promise<void> {
  globalThis.testModulesBuilt ??= promisify(execFile)(process.execPath, [join(import.meta.dirname, "build.ts")], {
    cwd: join(import.meta.dirname, ".."),
  });
  await globalThis.testModulesBuilt;
}

import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { rename } from "node:fs/promises";
import { join, relative } from "node:path";
import { promisify } from "node:util";

const projectDirectory = join(import.meta.dirname, "../../../..");
const compilers = {
  current: "node_modules/assemblyscript/bin/asc.js",
  /** The last one that compiles the SDK of 2020. */
  old: "node_modules/assemblyscript-0.14/bin/asc",
};

/**
 * Compiles the filters on SDKs of others. In processes of their own, since two versions of a compiler that keeps its
 * state in globals do not share one.
 */
export async function compileSdkFilters(buildDirectory: string): Promise<void> {
  await compile(compilers.current, "gcoredev", buildDirectory, [
    ...["--config", "node_modules/@assemblyscript/wasi-shim/asconfig.json"],
    ...["--use", "abort=abort_proc_exit", "--optimizeLevel", "3"],
  ]);
  await compile(compilers.old, "solo-io", buildDirectory, ["--use", "abort=abort_proc_exit", "--optimize"]);
}

/** Both compilers take the format from the ending of `--outFile`. */
async function compile(compiler: string, name: string, buildDirectory: string, options: string[]): Promise<void> {
  const source = relative(projectDirectory, join(import.meta.dirname, "assembly", `${name}.ts`));
  const file = join(buildDirectory, `${name}.wasm`);
  const written = join(buildDirectory, `${name}.${randomUUID()}.wasm`);
  await promisify(execFile)(
    process.execPath,
    [compiler, source, ...options, "--outFile", relative(projectDirectory, written)],
    { cwd: projectDirectory },
  ).catch((error: Error) => {
    throw new Error(`the guest ${name} does not compile: ${error.message}`);
  });
  await rename(written, file);
}

/**
 * Compiles the filters under examples/filters: `npm run build:examples`. Each folder with an `assembly/index.ts`
 * becomes `build/<folder>.wasm`. Skips modules that are newer than their sources.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const examplesFolder = join(root, "examples/filters");
const compiler = join(root, "node_modules/assemblyscript/bin/asc.js");
const compilerConfiguration = join(examplesFolder, "asconfig.json");

const run = promisify(execFile);

/** Path of an example's compiled module. */
export function exampleFile(name: string): string {
  return join(examplesFolder, "build", `${name}.wasm`);
}

/**
 * Compiles every example that is not up to date.
 * @returns the names of the compiled examples
 * @throws Error with the compiler's messages
 */
export async function buildExamples(): Promise<string[]> {
  const compiled: string[] = [];
  for (const entry of await readdir(examplesFolder, { withFileTypes: true })) {
    const sourceFolder = join(examplesFolder, entry.name, "assembly");
    if (!entry.isDirectory() || !existsSync(sourceFolder)) continue;
    if (await buildExample(entry.name, sourceFolder)) compiled.push(entry.name);
  }
  return compiled;
}

async function buildExample(name: string, sourceFolder: string): Promise<boolean> {
  const outFile = exampleFile(name);
  if (await isUpToDate(outFile, sourceFolder)) return false;
  await mkdir(dirname(outFile), { recursive: true });
  // Written to another file first: another process may be reading the module.
  const written = `${outFile}.${process.pid}.wasm`;
  try {
    // As a process in the project's folder: the compiler finds packages and libraries only from there.
    await run(
      process.execPath,
      [
        compiler,
        join(sourceFolder, "index.ts"),
        "--config",
        relative(root, compilerConfiguration),
        "--outFile",
        written,
      ],
      { cwd: root },
    );
  } catch (error) {
    const messages = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
    throw new Error(`examples/filters/${name} does not compile:\n${messages}`);
  }
  await rename(written, outFile);
  return true;
}

async function isUpToDate(outFile: string, sourceFolder: string): Promise<boolean> {
  const built = await stat(outFile).catch(() => undefined);
  if (!built) return false;
  const sources = (await readdir(sourceFolder)).map((name) => join(sourceFolder, name));
  const inputs = await Promise.all([compilerConfiguration, ...sources].map((file) => stat(file)));
  return inputs.every((input) => input.mtimeMs < built.mtimeMs);
}

if (import.meta.main) {
  try {
    const compiled = await buildExamples();
    console.log(compiled.length === 0 ? "the examples are up to date" : `compiled ${compiled.join(", ")}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}

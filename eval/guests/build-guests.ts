/** Compiles the guests' module: `node eval/guests/build-guests.ts`. Does nothing if it is newer than all its sources. */
import { mkdir, readdir, rename, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { main as compile } from "assemblyscript/asc";

const here = import.meta.dirname;
const sourceDirectories = [join(here, "assembly"), join(here, "../../wasm/filter/assembly")];
export const guestsFile = join(here, "build/guests.wasm");

/** Static data and scratch memory; what is cached comes behind it. */
const INITIAL_PAGES = 3;
/** 512 MiB: a leak over days is to be seen. */
const MAXIMUM_PAGES = 8_192;

/**
 * @returns true if it compiled, false if the output was up to date
 * @throws Error with the compiler's messages
 */
export async function buildGuests(): Promise<boolean> {
  if (await isUpToDate()) return false;
  await mkdir(dirname(guestsFile), { recursive: true });
  // Beside it first: another process may be reading the module.
  const written = `${guestsFile}.${process.pid}.wasm`;
  const { error, stderr } = await compile([
    join(here, "assembly/main.ts"),
    ...["--outFile", written],
    ...["--runtime", "stub", "--exportStart", "_initialize"],
    ...["--optimizeLevel", "3", "--noAssert"],
    ...["--initialMemory", String(INITIAL_PAGES), "--maximumMemory", String(MAXIMUM_PAGES)],
  ]);
  if (error) throw new Error(`the guests do not compile: ${error.message}\n${stderr.toString()}`);
  await rename(written, guestsFile);
  return true;
}

async function isUpToDate(): Promise<boolean> {
  const built = await stat(guestsFile).catch(() => undefined);
  if (built === undefined) return false;
  const sources = await Promise.all(
    sourceDirectories.map(async (directory) => (await readdir(directory)).map((name) => join(directory, name))),
  );
  const inputs = await Promise.all([fileURLToPath(import.meta.url), ...sources.flat()].map((file) => stat(file)));
  return inputs.every((input) => input.mtimeMs < built.mtimeMs);
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  console.log((await buildGuests()) ? "guests compiled" : "guests are up to date");
}

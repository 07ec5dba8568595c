/**
 * Compiles the built-in filter: `node scripts/build-filter.ts [--maximum-bytes N] [--out FILE]`.
 * Does nothing if the output is newer than every input and has the same maximum.
 */

import { mkdir, readdir, readFile, rename, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { main as compile } from "assemblyscript/asc";
import { readMemoryLimits } from "../wasm/binary/memory-section.ts";
import { PAGE_BYTES } from "../wasm/byte-units.ts";
import { builtInFilterFile } from "./built-in-filter.ts";

/** For static data and the arena. Beyond this, memory grows page by page. */
const INITIAL_PAGES = 3;
export const DEFAULT_MAXIMUM_BYTES = 33_554_432;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sourceDirectory = join(root, "wasm/filter/assembly");

export interface FilterBuild {
  /** Linear memory never exceeds this. It goes into the module's memory section, rounded down to pages. */
  maximumBytes?: number;
  outFile?: string;
}

/**
 * Compiles the filter unless it is up to date.
 * @returns true if it compiled the filter
 * @throws Error with the compiler's messages
 */
export async function buildFilter(build: FilterBuild = {}): Promise<boolean> {
  const { maximumBytes = DEFAULT_MAXIMUM_BYTES, outFile = builtInFilterFile } = build;
  const maximumPages = Math.floor(maximumBytes / PAGE_BYTES);
  if (!Number.isSafeInteger(maximumBytes) || maximumPages < INITIAL_PAGES || maximumPages > PAGE_BYTES) {
    throw new Error(
      `--maximum-bytes is ${maximumBytes}; allowed is ${INITIAL_PAGES * PAGE_BYTES} to ${PAGE_BYTES ** 2}`,
    );
  }
  if (await isUpToDate(outFile, maximumPages)) return false;
  await mkdir(dirname(outFile), { recursive: true });
  // Written to another file first: another process may be reading the module.
  const written = `${outFile}.${process.pid}.wasm`;
  const { error, stderr } = await compile([
    join(sourceDirectory, "main.ts"),
    ...["--outFile", written],
    ...["--runtime", "stub", "--exportStart", "_initialize"],
    ...["--optimizeLevel", "3", "--noAssert"],
    ...["--initialMemory", String(INITIAL_PAGES), "--maximumMemory", String(maximumPages)],
  ]);
  if (error) throw new Error(`the filter does not compile: ${error.message}\n${stderr.toString()}`);
  await rename(written, outFile);
  return true;
}

async function isUpToDate(outFile: string, maximumPages: number): Promise<boolean> {
  const built = await stat(outFile).catch(() => undefined);
  if (!built) return false;
  const sources = (await readdir(sourceDirectory)).map((name) => join(sourceDirectory, name));
  const inputs = await Promise.all([fileURLToPath(import.meta.url), ...sources].map((file) => stat(file)));
  if (inputs.some((input) => input.mtimeMs >= built.mtimeMs)) return false;
  return readMemoryLimits(await readFile(outFile))?.maximumPages === maximumPages;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { "maximum-bytes": { type: "string" }, out: { type: "string" } } });
  try {
    const compiled = await buildFilter({
      ...(values["maximum-bytes"] !== undefined && { maximumBytes: Number(values["maximum-bytes"]) }),
      ...(values.out !== undefined && { outFile: resolve(values.out) }),
    });
    console.log(compiled ? "filter compiled" : "filter is up to date");
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

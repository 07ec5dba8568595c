/**
 * Builds what `npm pack` packs: `node scripts/build-package.ts`. Compiles the sources to JavaScript, file by file, with
 * types, and compiles the built-in filter with the largest memory maximum that a configuration may ask for.
 */
import { execFile } from "node:child_process";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { CONFIG_LIMITS } from "../config/configuration-limits.ts";
import { buildFilter } from "./build-filter.ts";
import { buildPage } from "./build-page.ts";

const packageFolder = join(import.meta.dirname, "../package");
const outFolder = join(packageFolder, "build");
const compiler = join(dirname(fileURLToPath(import.meta.resolve("typescript/package.json"))), "bin/tsc");

async function compile(project: string): Promise<void> {
  await promisify(execFile)(process.execPath, [compiler, "-p", join(packageFolder, project)]);
}

/** Declarations keep the endings of the sources that they were made from, which the package does not have. */
async function renameImportsOfDeclarations(): Promise<void> {
  const names = await readdir(outFolder, { recursive: true });
  const declarations = names.filter((name) => name.endsWith(".d.ts")).map((name) => join(outFolder, name));
  await Promise.all(
    declarations.map(async (file) => {
      const text = await readFile(file, "utf8");
      await writeFile(file, text.replaceAll(/((?:\bfrom |\bimport\()"\.{1,2}\/[^"\n]+)\.tsx?"/g, '$1.js"'));
    }),
  );
}

async function buildPackage(): Promise<void> {
  await rm(outFolder, { recursive: true, force: true });
  await buildPage();
  await compile("tsconfig.json");
  await compile("tsconfig.command.json");
  await renameImportsOfDeclarations();
  await buildFilter({
    maximumBytes: CONFIG_LIMITS.maxCacheBytes,
    outFile: join(outFolder, "wasm/filter/build/filter.wasm"),
  });
}

try {
  await buildPackage();
} catch (error) {
  const output = error instanceof Error && "stdout" in error ? String(error.stdout) : "";
  console.error(`${error instanceof Error ? error.message : String(error)}\n${output}`.trim());
  process.exitCode = 1;
}

import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import binaryen from "binaryen";
import { ABI_VERSIONS } from "../puppet/abi-table.ts";
import { compileSdkFilters } from "./compile-sdk-filters.setup.ts";
import { hostileText } from "./hostile-text.setup.ts";
import { ODD_MODULES } from "./odd-modules.setup.ts";
import { puppetText } from "./puppet-text.setup.ts";

const conformanceDirectory = join(import.meta.dirname, "..");
const buildDirectory = join(conformanceDirectory, "build");

/**
 * Builds every guest of this suite into `build/`, once before the first test: workerd cannot compile modules from bytes,
 * so both runtimes import the same files.
 */
export default async function setup(): Promise<void> {
  if (await isUpToDate()) return;
  await mkdir(buildDirectory, { recursive: true });
  for (const abi of ABI_VERSIONS) {
    await assemble(`puppet-${abi}`, puppetText({ abi }));
    await assemble(`hostile-${abi}`, hostileText(abi));
  }
  await assemble(
    "puppet-command",
    puppetText({
      abi: "0.2.1",
      callbacks: ["_start", "request_headers"],
      allocator: "malloc",
      wasiModule: "wasi_unstable",
    }),
  );
  for (const [name, text] of Object.entries(ODD_MODULES)) await assemble(name, text);
  await compileSdkFilters(buildDirectory);
  await writeFile(join(buildDirectory, "built"), "");
}

async function assemble(name: string, text: string): Promise<void> {
  const module = binaryen.parseText(text);
  module.setFeatures(binaryen.Features.All);
  if (!module.validate()) throw new Error(`the guest ${name} is not valid`);
  const bytes = module.emitBinary();
  module.dispose();
  const file = join(buildDirectory, `${name}.wasm`);
  // Beside it first: another process may be reading the module, or the other project's set-up be writing it.
  const written = `${file}.${randomUUID()}`;
  await writeFile(written, bytes);
  await rename(written, file);
}

/** True if everything was built after the last change of any file here. */
async function isUpToDate(): Promise<boolean> {
  const built = await stat(join(buildDirectory, "built")).catch(() => undefined);
  if (built === undefined) return false;
  for (const directory of ["guests", "guests/assembly", "puppet", "."]) {
    for (const name of await readdir(join(conformanceDirectory, directory))) {
      if (!name.endsWith(".ts") || name.endsWith(".conformance.ts")) continue;
      const source = await stat(join(conformanceDirectory, directory, name));
      if (source.mtimeMs >= built.mtimeMs) return false;
    }
  }
  return true;
}

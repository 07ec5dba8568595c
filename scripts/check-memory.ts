import { relative } from "node:path";
import type { Gateway, Service } from "../config/index.ts";
import type { Finding } from "../config/problems.ts";
import { judgeMemory } from "../wasm/binary/memory-verdict.ts";
import { PAGE_BYTES } from "../wasm/byte-units.ts";
import { isBuiltInFilter } from "./built-in-filter.ts";
import { called } from "./called.ts";
import type { WasmFile } from "./load-config.ts";

/**
 * Finds services whose filter could grow beyond `restart.hardLimitBytes`. A restart comes only after the call that grows
 * memory, so only the module's own maximum applies within a call. All services of the isolate share its memory.
 */
export async function checkMemory(
  { services }: Gateway,
  wasmFiles: ReadonlyMap<WebAssembly.Module, WasmFile>,
): Promise<readonly Finding[]> {
  const findings = services.map(async (service) => {
    const file = service.filter && wasmFiles.get(service.filter);
    // Workers only runs imported modules: compiling any other fails there.
    return file === undefined || (await isCappedByBuild(service, file)) ? [] : findingsFor(service, file);
  });
  return (await Promise.all(findings)).flat();
}

/**
 * One module serves all services: the build gives it the largest `cache.maxBytes`, in the package the largest allowed one;
 * each instance limits itself to its own.
 */
async function isCappedByBuild({ filterKind }: Service, { bytes }: WasmFile): Promise<boolean> {
  return filterKind.kind === "built-in" && (await isBuiltInFilter(bytes));
}

function findingsFor({ name, restart: { hardLimitBytes } }: Service, { path, bytes }: WasmFile): Finding[] {
  const verdict = judgeMemory(bytes, hardLimitBytes);
  if (verdict.ok) return [];
  const file = relative(process.cwd(), path);
  const wholePagesBytes = hardLimitBytes - (hardLimitBytes % PAGE_BYTES);
  const command = `\`${called("filter", `cap ${file} --maximum-bytes ${wholePagesBytes}`)}\``;
  const wayOut = verdict.canBeCapped ? `, as ${command} makes it` : "";
  const allowed = `a module whose memory may grow to at most ${hardLimitBytes} bytes (restart.hardLimitBytes)${wayOut}`;
  return [{ path: ["services", name, "filter"], found: `${file}, which ${verdict.found}`, allowed }];
}

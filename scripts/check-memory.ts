import { relative } from "node:path";
import type { Gateway, Service } from "../config/index.ts";
import type { Finding } from "../config/problems.ts";
import { judgeMemory } from "../wasm/binary/memory-verdict.ts";
import { PAGE_BYTES } from "../wasm/byte-units.ts";
import { builtInFilterFile } from "./built-in-filter.ts";
import type { WasmFile } from "./load-config.ts";

/**
 * Finds services whose filter could grow beyond `restart.hardLimitBytes`. A restart comes only after the call that grows
 * memory, so only the module's own maximum applies within a call. All services of the isolate share its memory.
 */
export function checkMemory(
  { services }: Gateway,
  wasmFiles: ReadonlyMap<WebAssembly.Module, WasmFile>,
): readonly Finding[] {
  return services.flatMap((service) => {
    const file = service.filter && wasmFiles.get(service.filter);
    // Workers only runs imported modules: compiling any other fails there.
    return file === undefined || isCappedByBuild(service, file) ? [] : findingsFor(service, file);
  });
}

/** One module serves all services: the build gives it the largest `cache.maxBytes`; each instance limits itself to its own. */
function isCappedByBuild({ filterKind }: Service, { path }: WasmFile): boolean {
  return filterKind.kind === "built-in" && path === builtInFilterFile;
}

function findingsFor({ name, restart: { hardLimitBytes } }: Service, { path, bytes }: WasmFile): Finding[] {
  const verdict = judgeMemory(bytes, hardLimitBytes);
  if (verdict.ok) return [];
  const file = relative(process.cwd(), path);
  const wholePagesBytes = hardLimitBytes - (hardLimitBytes % PAGE_BYTES);
  const command = `\`npm run filter -- cap ${file} --maximum-bytes ${wholePagesBytes}\``;
  const wayOut = verdict.canBeCapped ? `, as ${command} makes it` : "";
  const allowed = `a module whose memory may grow to at most ${hardLimitBytes} bytes (restart.hardLimitBytes)${wayOut}`;
  return [{ path: ["services", name, "filter"], found: `${file}, which ${verdict.found}`, allowed }];
}

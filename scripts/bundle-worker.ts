import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { build, type Plugin } from "esbuild";
import { APP_LOADERS, nodeModules } from "./app-modules.ts";
import { resolveWasm, WASM_IMPORT } from "./resolve-wasm.ts";

/** A Worker as workerd loads it: one ES module and the compiled modules it imports. */
export interface WorkerBundle {
  readonly script: string;
  /** By the specifier under which the script imports them. */
  readonly wasm: ReadonlyMap<string, Uint8Array>;
}

/** A Worker's entry: a file, or the text of one that would be in `folder`. */
export type WorkerEntry = string | { readonly script: string; readonly folder: string };

/**
 * Bundles a Worker's entry for a bare workerd, as wrangler does for a deployment: imports of `.wasm` files and of Node's
 * modules stay imports.
 *
 * @param constants JSON values for names that the source only declares
 * @throws esbuild's BuildFailure, which names file and line
 */
export async function bundleWorker(
  entry: WorkerEntry,
  constants: Readonly<Record<string, unknown>> = {},
): Promise<WorkerBundle> {
  const wasm = new Map<string, Uint8Array>();
  const result = await build({
    ...(typeof entry === "string"
      ? { entryPoints: [entry] }
      : { stdin: { contents: entry.script, resolveDir: entry.folder, loader: "ts" as const } }),
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker"],
    external: ["cloudflare:*"],
    define: Object.fromEntries(Object.entries(constants).map(([name, value]) => [name, JSON.stringify(value)])),
    loader: APP_LOADERS,
    plugins: [keepWasmImports(wasm), nodeModules],
  });
  return { script: result.outputFiles[0]!.text, wasm };
}

function keepWasmImports(found: Map<string, Uint8Array>): Plugin {
  return {
    name: "keep-wasm-imports",
    setup(build) {
      const names = new Map<string, string>();
      build.onResolve({ filter: WASM_IMPORT }, async (args) => {
        const wasm = await resolveWasm(build, args);
        if (wasm.kind === "other") return wasm.result;
        const file = wasm.path;
        // Two files with the same name must stay two modules.
        const name = names.get(file) ?? `./${names.size}-${basename(file)}`;
        names.set(file, name);
        found.set(name, await readFile(file));
        return { path: name, external: true };
      });
    },
  };
}

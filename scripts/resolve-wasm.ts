import { dirname, isAbsolute, resolve } from "node:path";
import type { OnResolveArgs, OnResolveResult, PluginBuild } from "esbuild";

/** Imports of `.wasm` files; some bundlers want `?module` behind them. */
export const WASM_IMPORT = /\.wasm(\?module)?$/;

/** Marks the question that a plugin itself asks about a package. */
const OF_A_PACKAGE = Symbol();

export type ResolvedWasm =
  | { readonly kind: "file"; readonly path: string }
  /** For esbuild to go on with. */
  | { readonly kind: "other"; readonly result: OnResolveResult | undefined };

/** The file that an import of a `.wasm` file means: beside the importer, or in a package. */
export async function resolveWasm(build: PluginBuild, args: OnResolveArgs): Promise<ResolvedWasm> {
  const { path, importer, kind, resolveDir, pluginData } = args;
  if (pluginData === OF_A_PACKAGE) return { kind: "other", result: undefined };
  const name = path.replace(/\?module$/, "");
  if (name.startsWith(".") || isAbsolute(name)) return { kind: "file", path: resolve(dirname(importer), name) };
  const found = await build.resolve(name, { importer, kind, resolveDir, pluginData: OF_A_PACKAGE });
  return found.errors.length > 0 ? { kind: "other", result: found } : { kind: "file", path: found.path };
}

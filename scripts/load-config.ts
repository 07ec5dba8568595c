import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { type BuildFailure, build, type Plugin } from "esbuild";
import { APP_LOADERS, nodeModules } from "./app-modules.ts";
import { cloudflareStandIn } from "./cloudflare-stand-in.ts";
import { readProblem } from "./read-problem.ts";
import { resolveWasm, WASM_IMPORT } from "./resolve-wasm.ts";

/** A `.wasm` file that a configuration imports. */
export interface WasmFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A configuration as its file exports it, not yet checked; or a message for the user. */
export type LoadedConfig =
  | {
      readonly ok: true;
      readonly config: unknown;
      /** What each imported module was compiled from. */
      readonly wasmFiles: ReadonlyMap<WebAssembly.Module, WasmFile>;
    }
  | { readonly ok: false; readonly message: string };

export interface LoadOptions {
  /** Replaces every `.wasm` file with an empty module, so the files do not have to be built yet. */
  readonly stubWasm?: boolean;
}

/**
 * Loads a `gateway.config.ts` in Node: bundles it, because Node cannot import `.wasm`, then evaluates it. Imported `.wasm`
 * files become compiled modules, as in a Worker. For mistakes of the user, returns a message and does not throw.
 */
export async function loadConfig(file: string, options: LoadOptions = {}): Promise<LoadedConfig> {
  const shown = relative(process.cwd(), resolve(file));
  if (!existsSync(file)) return { ok: false, message: `${shown} does not exist` };
  const bundled = await bundle(resolve(file), options);
  if (!bundled.ok) return bundled;
  let exports: Record<string, unknown>;
  try {
    exports = await import(`data:text/javascript;base64,${Buffer.from(bundled.script).toString("base64")}`);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, message: `${shown}: fails when it is evaluated: ${message}` };
  }
  if (!("default" in exports)) {
    return {
      ok: false,
      message: `${shown}: has no default export; it must say: export default defineGateway({ ... })`,
    };
  }
  if (isWorker(exports.default)) {
    const message = `${shown}: is the entry of a Worker, which has the configuration inside; put it into a file of its own that says: export default defineGateway({ ... })`;
    return { ok: false, message };
  }
  const wasmFiles = exports[WASM_FILES] as ReadonlyMap<WebAssembly.Module, WasmFile>;
  return { ok: true, config: exports.default, wasmFiles };
}

/** A configuration has no such field. */
function isWorker(exported: unknown): boolean {
  return typeof exported === "object" && exported !== null && "fetch" in exported && !("services" in exported);
}

/** An extra export of the bundle, with a name that no configuration uses. */
const WASM_FILES = "__ebbWasmFiles";

type Bundled = { readonly ok: true; readonly script: string } | { readonly ok: false; readonly message: string };

async function bundle(file: string, { stubWasm = false }: LoadOptions): Promise<Bundled> {
  try {
    const result = await build({
      entryPoints: [file],
      bundle: true,
      write: false,
      format: "esm",
      platform: "node",
      target: "es2024",
      logLevel: "silent",
      banner: { js: `export const ${WASM_FILES} = new Map();` },
      conditions: ["workerd", "worker"],
      loader: APP_LOADERS,
      plugins: [compiledWasm(stubWasm), cloudflareStandIn, nodeModules],
    });
    return { ok: true, script: result.outputFiles[0]!.text };
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    return { ok: false, message: error.errors.map(formatMessage).join("\n") };
  }
}

/** The smallest valid module: the magic number and the version. */
const EMPTY_MODULE = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);

/** Turns `import filter from "x.wasm"` into a module compiled from the bytes, which are part of the bundle. */
function compiledWasm(stubWasm: boolean): Plugin {
  return {
    name: "compiled-wasm",
    setup(build) {
      build.onResolve({ filter: WASM_IMPORT }, async (args) => {
        const wasm = await resolveWasm(build, args);
        return wasm.kind === "other" ? wasm.result : { path: wasm.path, namespace: "compiled-wasm" };
      });
      build.onLoad({ filter: /.*/, namespace: "compiled-wasm" }, async ({ path }) => {
        const shown = relative(process.cwd(), path);
        let bytes: Uint8Array = EMPTY_MODULE;
        try {
          if (!stubWasm) bytes = await readFile(path);
        } catch (error) {
          return { errors: [{ text: `${shown} ${readProblem(error)}${existsSync(path) ? "" : buildHint(shown)}` }] };
        }
        if (!WebAssembly.validate(new Uint8Array(bytes))) {
          return { errors: [{ text: `${shown} is not a valid WebAssembly module` }] };
        }
        const contents = `
          const bytes = Buffer.from("${Buffer.from(bytes).toString("base64")}", "base64");
          const compiled = new WebAssembly.Module(bytes);
          ${WASM_FILES}.set(compiled, { path: ${JSON.stringify(path)}, bytes });
          export default compiled;`;
        return { contents, loader: "js" };
      });
    },
  };
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors);
}

/** `gateway.config.ts:3:10: Expected ";" but found "}"`, with the location if esbuild knows it. */
function formatMessage({ text, location }: BuildFailure["errors"][number]): string {
  return location === null ? text : `${location.file}:${location.line}:${location.column + 1}: ${text}`;
}

/** The command that builds a module of this project; empty for other modules. */
function buildHint(file: string): string {
  const folder = dirname(file).replaceAll("\\", "/");
  if (folder.endsWith("wasm/filter/build")) return "; build it: npm run build";
  return folder.endsWith("examples/filters/build") ? "; build it: npm run build:examples" : "";
}

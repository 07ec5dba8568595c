import type { AbiVersion } from "./abi.ts";
import { FilterStartError } from "./failures.ts";

const ABI_EXPORT_PREFIX = "proxy_abi_version_";
/** The newest first: a module that speaks several is spoken to in the newest. */
const KNOWN_ABI_VERSIONS: readonly AbiVersion[] = ["0.2.1", "0.2.0", "0.1.0"];
/** In the order of preference: the specification's, which some guests need since their `malloc` is not collected. */
const ALLOCATORS = ["proxy_on_memory_allocate", "malloc"] as const;

/** What a module says about itself before it runs. */
export interface ModuleShape {
  readonly abiVersion: AbiVersion;
  readonly allocator: string;
  readonly imports: readonly WebAssembly.ModuleImportDescriptor[];
}

/** Reads a module's imports and exports; throws FilterStartError for one that cannot be a filter here. */
export function shapeOf(module: WebAssembly.Module): ModuleShape {
  const exports = WebAssembly.Module.exports(module);
  const imports = WebAssembly.Module.imports(module);
  const functions = new Set(exports.filter(({ kind }) => kind === "function").map(({ name }) => name));

  const abiVersion = abiVersionOf([...functions]);
  if (!exports.some(({ kind, name }) => kind === "memory" && name === "memory")) {
    throw new FilterStartError("no_memory", 'the module does not export its linear memory as "memory"');
  }
  const allocator = ALLOCATORS.find((name) => functions.has(name));
  if (allocator === undefined) {
    throw new FilterStartError("no_allocator", `the module exports neither ${ALLOCATORS.join(" nor ")}`);
  }
  const foreign = imports.find(({ kind }) => kind !== "function");
  if (foreign !== undefined) {
    const what = `${foreign.kind} ${foreign.module}.${foreign.name}`;
    throw new FilterStartError("unsupported_import", `the module imports the ${what}; a host offers functions only`);
  }
  return { abiVersion, allocator, imports };
}

function abiVersionOf(functions: readonly string[]): AbiVersion {
  const declared = functions
    .filter((name) => name.startsWith(ABI_EXPORT_PREFIX))
    .map((name) => name.slice(ABI_EXPORT_PREFIX.length).replaceAll("_", "."));
  if (declared.length === 0) {
    throw new FilterStartError(
      "no_abi_version",
      `the module exports no ${ABI_EXPORT_PREFIX}… function: it is no Proxy-Wasm filter`,
    );
  }
  const known = KNOWN_ABI_VERSIONS.find((version) => declared.includes(version));
  if (known === undefined) {
    throw new FilterStartError(
      "unknown_abi",
      `the module speaks Proxy-Wasm ABI ${declared.join(", ")}; known are ${KNOWN_ABI_VERSIONS.join(", ")}`,
    );
  }
  return known;
}

import type { AbiVersion } from "./abi.ts";
import { FilterStartError, type FilterStartReason } from "./failures.ts";

const ABI_EXPORT_PREFIX = "proxy_abi_version_";
/** Newest first: for a module that declares several, the newest is used. */
const KNOWN_ABI_VERSIONS: readonly AbiVersion[] = ["0.2.1", "0.2.0", "0.1.0"];
/** In order of preference. The specification's comes first: some guests need it, as they never collect memory from `malloc`. */
const ALLOCATORS = ["proxy_on_memory_allocate", "malloc"] as const;

/** The parts of a module that matter before it runs. */
export interface ModuleShape {
  readonly abiVersion: AbiVersion;
  readonly allocator: string;
  readonly imports: readonly WebAssembly.ModuleImportDescriptor[];
  /** Names of exported functions. */
  readonly functions: ReadonlySet<string>;
}

/** Reads a module's imports and exports; throws FilterStartError if it cannot run here as a filter. */
export function shapeOf(module: WebAssembly.Module): ModuleShape {
  const functions = exportedFunctions(module);
  const abiVersion = abiVersionOf(declaredAbiVersions(functions));
  const allocator = allocatorOf(functions);
  const problem = problemsOf(module)[0];
  if (problem !== undefined) throw new FilterStartError(problem.reason, problem.message);
  if (abiVersion === undefined || allocator === undefined) {
    throw new FilterStartError("instantiation_failed", "the module has no supported ABI version or allocator");
  }
  return { abiVersion, allocator, imports: WebAssembly.Module.imports(module), functions };
}

/** Everything that prevents a module from running here; a start reports the first. */
export function problemsOf(module: WebAssembly.Module): { reason: FilterStartReason; message: string }[] {
  const functions = exportedFunctions(module);
  const declared = declaredAbiVersions(functions);
  const problems: { reason: FilterStartReason; message: string }[] = [];
  if (declared.length === 0) {
    const message = `the module exports no ${ABI_EXPORT_PREFIX}… function: it is not a Proxy-Wasm filter`;
    problems.push({ reason: "no_abi_version", message });
  } else if (abiVersionOf(declared) === undefined) {
    const known = KNOWN_ABI_VERSIONS.join(", ");
    const message = `the module speaks Proxy-Wasm ABI ${declared.join(", ")}; supported are ${known}`;
    problems.push({ reason: "unknown_abi", message });
  }
  if (!WebAssembly.Module.exports(module).some(({ kind, name }) => kind === "memory" && name === "memory")) {
    problems.push({ reason: "no_memory", message: 'the module does not export its linear memory as "memory"' });
  }
  if (allocatorOf(functions) === undefined) {
    problems.push({ reason: "no_allocator", message: `the module exports neither ${ALLOCATORS.join(" nor ")}` });
  }
  for (const foreign of WebAssembly.Module.imports(module)) {
    if (foreign.kind === "function") continue;
    const what = `${foreign.kind} ${foreign.module}.${foreign.name}`;
    const message = `the module imports the ${what}; a host provides functions only`;
    problems.push({ reason: "unsupported_import", message });
  }
  return problems;
}

export function exportedFunctions(module: WebAssembly.Module): ReadonlySet<string> {
  const functions = WebAssembly.Module.exports(module).filter(({ kind }) => kind === "function");
  return new Set(functions.map(({ name }) => name));
}

/** The versions a module declares with its exports, such as "0.2.1". */
export function declaredAbiVersions(functions: ReadonlySet<string>): string[] {
  return [...functions]
    .filter((name) => name.startsWith(ABI_EXPORT_PREFIX))
    .map((name) => name.slice(ABI_EXPORT_PREFIX.length).replaceAll("_", "."));
}

export function abiVersionOf(declared: readonly string[]): AbiVersion | undefined {
  return KNOWN_ABI_VERSIONS.find((version) => declared.includes(version));
}

export function allocatorOf(functions: ReadonlySet<string>): string | undefined {
  return ALLOCATORS.find((name) => functions.has(name));
}

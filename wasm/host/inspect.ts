import type { AbiVersion } from "./abi.ts";
import { CALLBACK_NAMES, UNCALLED_NAMES } from "./callbacks.ts";
import type { FilterStartReason } from "./failures.ts";
import { type ImportsByState, importsByState } from "./function-catalog.ts";
import { hasHandover } from "./handover-functions.ts";
import { abiVersionOf, allocatorOf, declaredAbiVersions, exportedFunctions, problemsOf } from "./module-shape.ts";
import { type Stages, stagesOf } from "./stages.ts";
import { toolchainOf } from "./toolchain.ts";

/** What can be told of a module without running it. */
export interface ModuleInspection {
  /** The version it would be spoken to in; undefined if it declares none that is known. */
  readonly abiVersion: AbiVersion | undefined;
  /** All it declares, such as `"0.2.1"`. */
  readonly declaredAbiVersions: readonly string[];
  readonly exports: {
    /** Callbacks that this host calls. */
    readonly called: readonly string[];
    /** Callbacks of the ABI that are never called here: TCP, gRPC, foreign functions. */
    readonly uncalled: readonly string[];
    /** Everything else, of every kind. */
    readonly other: readonly string[];
  };
  /** Imported functions as `module.name`. */
  readonly imports: ImportsByState;
  readonly stages: Stages;
  /** What runs first: `_initialize` (with `main`), `_start`, or at most a start section. */
  readonly entryPoint: "_initialize" | "_start" | undefined;
  readonly allocator: string | undefined;
  /** Whether its instances can hand live entries over (docs/handover.md). */
  readonly handover: boolean;
  /** A guess, such as `"Rust (rustc 1.80.0)"`; undefined if nothing gives it away. */
  readonly toolchain: string | undefined;
  /** Why it cannot be started here; empty for a filter that may well start. */
  readonly problems: readonly ModuleProblem[];
}

export interface ModuleProblem {
  readonly reason: FilterStartReason;
  readonly message: string;
}

/** Reads a compiled module's imports, exports and custom sections. Runs nothing and never throws. */
export function inspectModule(module: WebAssembly.Module): ModuleInspection {
  const exports = WebAssembly.Module.exports(module).map(({ name }) => name);
  const functions = exportedFunctions(module);
  const declared = declaredAbiVersions(functions);
  const called = CALLBACK_NAMES.filter((name) => functions.has(name));
  const uncalled = UNCALLED_NAMES.filter((name) => functions.has(name));
  const callbacks: ReadonlySet<string> = new Set([...called, ...uncalled]);
  return {
    abiVersion: abiVersionOf(declared),
    declaredAbiVersions: declared,
    exports: { called, uncalled, other: exports.filter((name) => !callbacks.has(name)) },
    imports: importsByState(WebAssembly.Module.imports(module)),
    stages: stagesOf((name) => functions.has(name)),
    entryPoint: (["_initialize", "_start"] as const).find((name) => functions.has(name)),
    allocator: allocatorOf(functions),
    handover: hasHandover(functions),
    toolchain: toolchainOf(module),
    problems: problemsOf(module),
  };
}

import type { AbiVersion } from "./abi.ts";
import { CALLBACK_NAMES, UNCALLED_NAMES } from "./callbacks.ts";
import type { FilterStartReason } from "./failures.ts";
import { type ImportsByState, importsByState } from "./function-catalog.ts";
import { hasHandover } from "./handover-functions.ts";
import { abiVersionOf, allocatorOf, declaredAbiVersions, exportedFunctions, problemsOf } from "./module-shape.ts";
import { type Stages, stagesOf } from "./stages.ts";
import { toolchainOf } from "./toolchain.ts";

/** Facts about a module that can be read without running it. */
export interface ModuleInspection {
  /** The version the host would use; undefined if it declares no supported one. */
  readonly abiVersion: AbiVersion | undefined;
  /** All versions it declares, such as `"0.2.1"`. */
  readonly declaredAbiVersions: readonly string[];
  readonly exports: {
    /** Callbacks that this host calls. */
    readonly called: readonly string[];
    /** ABI callbacks that this host never calls: TCP, gRPC, foreign functions. */
    readonly uncalled: readonly string[];
    /** All other exports, of every kind. */
    readonly other: readonly string[];
  };
  /** Imported functions as `module.name`. */
  readonly imports: ImportsByState;
  readonly stages: Stages;
  /** What runs first: `_initialize` (with `main`), `_start`, or at most a start section. */
  readonly entryPoint: "_initialize" | "_start" | undefined;
  readonly allocator: string | undefined;
  /** True if its instances can hand over live entries (docs/handover.md). */
  readonly handover: boolean;
  /** A guess, such as `"Rust (rustc 1.80.0)"`; undefined without any hint. */
  readonly toolchain: string | undefined;
  /** Why it cannot be started here; empty if no problem was found. */
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

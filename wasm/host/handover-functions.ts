import type { GuestFunction } from "./callback-scope.ts";
import { exportedFunction } from "./callbacks.ts";

/** Exported but never called: declares version 1 of the extension (docs/handover.md). */
const MARKER = "ebb_handover_version_1";

/** Export names of the extension's functions. */
export const HANDOVER_FUNCTIONS = {
  begin: "ebb_handover_begin",
  next: "ebb_handover_next",
  take: "ebb_handover_take",
  end: "ebb_handover_end",
  abandon: "ebb_handover_abandon",
  purgeAll: "ebb_purge_all",
  purgeCredential: "ebb_purge_credential",
} as const;

const NAMES = Object.values(HANDOVER_FUNCTIONS);

/** One guest's functions of the extension, by export name. */
export type HandoverFunctions = ReadonlyMap<string, GuestFunction>;

/** True if a module has the extension: its marker and all its functions. */
export function hasHandover(functions: ReadonlySet<string>): boolean {
  return functions.has(MARKER) && NAMES.every((name) => functions.has(name));
}

export function handoverFunctionsOf(exports: WebAssembly.Exports): HandoverFunctions {
  const functions = new Map<string, GuestFunction>();
  for (const name of NAMES) {
    const exported = exportedFunction(exports, name);
    if (exported !== undefined) functions.set(name, exported);
  }
  return functions;
}

import type { GuestFunction } from "./callback-scope.ts";
import { exportedFunction } from "./callbacks.ts";

/** Exported, never called: the filter speaks version 1 of the extension (docs/handover.md). */
const MARKER = "ebb_handover_version_1";

/** What each function of the extension is exported as. */
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

/** The extension's functions of one guest, by name. */
export type HandoverFunctions = ReadonlyMap<string, GuestFunction>;

/** Whether a module has the extension: its marker and all of its functions. */
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

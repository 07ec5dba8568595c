import { PAGE_BYTES } from "../byte-units.ts";
import { capMemory } from "./cap-memory.ts";
import { MemoryProblem, readMemoryLimits } from "./memory-section.ts";

/** The result of checking that a module's own memory maximum is within a limit. */
export type MemoryVerdict =
  | { readonly ok: true; readonly maximumBytes: number }
  | {
      readonly ok: false;
      /** The problem, phrased to follow the module's name. */
      readonly found: string;
      /** True if `capMemory` can fix it. */
      readonly canBeCapped: boolean;
    };

/** Judges a module by its memory section. Never throws because of the module's content. */
export function judgeMemory(module: Uint8Array, limitBytes: number): MemoryVerdict {
  try {
    capMemory(module, limitBytes);
  } catch (error) {
    if (error instanceof MemoryProblem) return { ok: false, found: error.message, canBeCapped: false };
    throw error;
  }
  const pages = readMemoryLimits(module)?.maximumPages;
  if (pages === undefined) return { ok: false, found: "has no memory maximum", canBeCapped: true };
  const maximumBytes = pages * PAGE_BYTES;
  if (maximumBytes <= limitBytes) return { ok: true, maximumBytes };
  return { ok: false, found: `may grow to ${maximumBytes} bytes`, canBeCapped: true };
}

import type { AbiVersion } from "../index.ts";
import { type ImportedFunction, isWasi, proxyFunctionsOf, WASI_FUNCTIONS } from "./puppet/abi-table.ts";

/** The largest status of the ABI, and the largest errno of WASI. */
export const LARGEST_STATUS = 12;
export const LARGEST_ERRNO = 76;

/**
 * The hostile guest's memory. The addresses and sizes it passes are below 0x10000, so the furthest write it allows ends
 * below HEAP, or the addresses lie in the last END_GAP bytes. Nothing may change between CANARIES and those bytes.
 */
export const HOSTILE_LAYOUT = { TEXTS: 1_024, HEAP: 0x2_0000, CANARIES: 0x4_0000, END_GAP: 64, PAGES: 8 } as const;

/** The functions attacked in one version: all it can import. The guest's configuration selects one by index. */
export function hostileFunctionsOf(version: AbiVersion): ImportedFunction[] {
  return [...proxyFunctionsOf(version), ...Object.keys(WASI_FUNCTIONS).filter(isWasi)];
}

/** The configuration of the hostile guest. */
export function hostileConfiguration(
  functionIndex: number,
  seed: number,
  callsPerCallback: number,
  calls: number,
): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  [functionIndex, seed, callsPerCallback, calls].forEach((value, index) => {
    view.setUint32(4 * index, value, true);
  });
  return bytes;
}

import type { HeaderChange } from "../../wasm/host/index.ts";

const CHANGE_BYTES = 100;

/** About how much memory header changes take. */
export function changeBytes(changes: readonly HeaderChange[]): number {
  let bytes = 0;
  for (const { name, values } of changes) {
    bytes += CHANGE_BYTES + 2 * name.length;
    for (const value of values) bytes += CHANGE_BYTES + 2 * value.length;
  }
  return bytes;
}

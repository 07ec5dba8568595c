import { byteString, writeByteString } from "./byte-string.ts";

/** A key, one character for each of its bytes, and its value. */
export type SharedEntry = readonly [key: string, bytes: Uint8Array];

/** Before each entry: the lengths of key and value, as 32-bit numbers. */
const LENGTHS_BYTES = 8;

/**
 * Shared data as bytes, in the order of writing.
 * @param entries what was written longest ago first
 * @param maxBytes of the snapshot: what was written last is taken first, and left out what does not fit beside it
 */
export function writeSnapshot(entries: readonly SharedEntry[], maxBytes: number): Uint8Array<ArrayBuffer> {
  const taken: SharedEntry[] = [];
  let length = 0;
  for (const entry of entries.toReversed()) {
    const entryBytes = LENGTHS_BYTES + entry[0].length + entry[1].length;
    if (length + entryBytes > maxBytes) continue;
    taken.push(entry);
    length += entryBytes;
  }
  const snapshot = new Uint8Array(length);
  const view = new DataView(snapshot.buffer);
  let at = 0;
  for (const [key, bytes] of taken.reverse()) {
    view.setUint32(at, key.length);
    view.setUint32(at + 4, bytes.length);
    at += LENGTHS_BYTES;
    writeByteString(key, snapshot, at);
    snapshot.set(bytes, at + key.length);
    at += key.length + bytes.length;
  }
  return snapshot;
}

/** Reads what `writeSnapshot` gave; undefined where it cannot have been. */
export function readSnapshot(snapshot: Uint8Array): SharedEntry[] | undefined {
  const view = new DataView(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength);
  const entries: SharedEntry[] = [];
  let at = 0;
  while (at < snapshot.length) {
    if (at + LENGTHS_BYTES > snapshot.length) return undefined;
    const valueAt = at + LENGTHS_BYTES + view.getUint32(at);
    const end = valueAt + view.getUint32(at + 4);
    if (end > snapshot.length) return undefined;
    const key = byteString(snapshot.subarray(at + LENGTHS_BYTES, valueAt));
    // A copy, or one small value would keep the whole snapshot in memory.
    entries.push([key, new Uint8Array(snapshot.subarray(valueAt, end))]);
    at = end;
  }
  return entries;
}

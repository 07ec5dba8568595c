import { byteString, writeByteString } from "./byte-string.ts";

/** A key, one character per byte, and its value. */
export type SharedEntry = readonly [key: string, bytes: Uint8Array];

/** Each entry starts with the lengths of key and value, as 32-bit numbers. */
const LENGTHS_BYTES = 8;

/**
 * Serializes shared data, in write order.
 * @param entries oldest write first
 * @param maxBytes of the snapshot; the newest entries are taken first, and entries that do not fit are left out
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

/** Reads the output of `writeSnapshot`; undefined if malformed. */
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
    // A copy: otherwise one small value would keep the whole snapshot in memory.
    entries.push([key, new Uint8Array(snapshot.subarray(valueAt, end))]);
    at = end;
  }
  return entries;
}

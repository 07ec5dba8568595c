/**
 * A row of the journal before encryption: u8 kind, then either the filter's chunks, each after its size (u32, little endian),
 * or the purged credential in UTF-8.
 */
export type Row =
  | { readonly kind: "chunks"; readonly chunks: readonly Uint8Array[] }
  | { readonly kind: "purge"; readonly credential: string };

const CHUNKS = 1;
const PURGE = 2;
const SIZE_BYTES = 4;

export function writeRow(row: Row): Uint8Array<ArrayBuffer> {
  if (row.kind === "purge") {
    const text = new TextEncoder().encode(row.credential);
    const bytes = new Uint8Array(1 + text.length);
    bytes[0] = PURGE;
    bytes.set(text, 1);
    return bytes;
  }
  const size = row.chunks.reduce((sum, chunk) => sum + SIZE_BYTES + chunk.length, 1);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes[0] = CHUNKS;
  let at = 1;
  for (const chunk of row.chunks) {
    view.setUint32(at, chunk.length, true);
    bytes.set(chunk, at + SIZE_BYTES);
    at += SIZE_BYTES + chunk.length;
  }
  return bytes;
}

/** @returns undefined for bytes that `writeRow` cannot have written */
export function readRow(bytes: Uint8Array): Row | undefined {
  const rest = bytes.subarray(1);
  if (bytes[0] === PURGE) return { kind: "purge", credential: new TextDecoder().decode(rest) };
  if (bytes[0] !== CHUNKS) return undefined;
  const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < rest.length; ) {
    if (rest.length - at < SIZE_BYTES) return undefined;
    const start = at + SIZE_BYTES;
    const end = start + view.getUint32(at, true);
    if (end > rest.length) return undefined;
    chunks.push(rest.subarray(start, end));
    at = end;
  }
  return { kind: "chunks", chunks };
}

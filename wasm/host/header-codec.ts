import type { HeaderList } from "./header-table.ts";
import { HOST_LIMITS } from "./host-limits.ts";

/**
 * The serialization of header maps (Proxy-Wasm ABI, "Serialized map"), little-endian:
 * `u32 count`, then for each pair `u32 nameBytes, u32 valueBytes`, then for each pair `name \0 value \0`.
 * The lengths exclude the NULs. An empty map has zero bytes.
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/** Bytes that `encodeHeaderMapInto` needs for these headers. */
export function headerMapSize(headers: Readonly<HeaderList>): number {
  if (headers.length === 0) return 0;
  let size = 4;
  for (const [name, value] of headers) size += 8 + utf8Size(name) + 1 + utf8Size(value) + 1;
  return size;
}

/** Writes the map; `into` must have exactly `headerMapSize(headers)` bytes. */
export function encodeHeaderMapInto(headers: Readonly<HeaderList>, into: Uint8Array): void {
  if (headers.length === 0) return;
  const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
  view.setUint32(0, headers.length, true);
  let lengthsAt = 4;
  let textAt = 4 + 8 * headers.length;
  for (const pair of headers) {
    for (const text of pair) {
      const written = writeText(text, into, textAt);
      view.setUint32(lengthsAt, written, true);
      lengthsAt += 4;
      into[textAt + written] = 0;
      textAt += written + 1;
    }
  }
}

/** Writes a text, and returns its bytes. Header texts are short and ASCII: a loop is faster than a call into the platform. */
function writeText(text: string, into: Uint8Array, at: number): number {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) return encoder.encodeInto(text, into.subarray(at)).written;
    into[at + index] = unit;
  }
  return text.length;
}

export function encodeHeaderMap(headers: Readonly<HeaderList>): Uint8Array {
  const bytes = new Uint8Array(headerMapSize(headers));
  encodeHeaderMapInto(headers, bytes);
  return bytes;
}

/**
 * The pairs of a serialized map, or undefined if it is malformed, longer than `HOST_LIMITS.headerMapBytes` or has more
 * than `HOST_LIMITS.headersPerMap` pairs. Zero bytes and a single NUL both mean the empty map. Bytes that are not UTF-8
 * become U+FFFD; the case of names is kept.
 */
export function decodeHeaderMap(bytes: Uint8Array): HeaderList | undefined {
  if (bytes.length === 0 || (bytes.length === 1 && bytes[0] === 0)) return [];
  if (bytes.length < 4 || bytes.length > HOST_LIMITS.headerMapBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(0, true);
  let textAt = 4 + 8 * count;
  if (count > HOST_LIMITS.headersPerMap || textAt > bytes.length) return undefined;

  const headers: HeaderList = [];
  for (let index = 0; index < count; index++) {
    const valueAt = textAt + view.getUint32(4 + 8 * index, true) + 1;
    const end = valueAt + view.getUint32(8 + 8 * index, true) + 1;
    if (end > bytes.length) return undefined;
    headers.push([
      decoder.decode(bytes.subarray(textAt, valueAt - 1)),
      decoder.decode(bytes.subarray(valueAt, end - 1)),
    ]);
    textAt = end;
  }
  return textAt === bytes.length ? headers : undefined;
}

function utf8Size(text: string): number {
  let size = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    if (unit < 0x800) {
      size += 1;
      continue;
    }
    size += 2;
    // A surrogate pair is one character of four bytes; a lone surrogate is written as U+FFFD, three bytes.
    if (unit < 0xdc00 && unit >= 0xd800 && isLowSurrogate(text.charCodeAt(index + 1))) index += 1;
  }
  return size;
}

/** False for NaN, which `charCodeAt` returns past the end. */
function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

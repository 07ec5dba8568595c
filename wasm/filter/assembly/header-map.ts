import { STATUS_OK } from "./abi";
import { arenaMark, reserve, rewindArena } from "./arena";
import { proxy_get_header_map_pairs } from "./env";
import { MAX_WRITTEN_HEADERS } from "./limits";
import { Span } from "./span";
import { putByte, putSpan, putText } from "./text-writer";

/**
 * Header maps in the ABI's serialization: u32 count, count x (u32 name size, u32 value size), then each name and value
 * followed by a NUL that the sizes exclude. A whole map takes one host call, however many headers are read, and it shows
 * repeated headers.
 */
@unmanaged
export class HeaderMap {
  count: u32;
  sizes: usize;
  texts: usize;
  /** Position of `next`. */
  index: u32;
  at: usize;
  /** Size of the map in the host's form. */
  bytes: usize;

  /** Fetches a map from the host into the arena. False if it does not fit or is malformed. */
  fetch(map: i32): bool {
    this.count = 0;
    this.bytes = 0;
    this.rewind();
    if (proxy_get_header_map_pairs(map, FETCHED, FETCHED + 4) != STATUS_OK) return false;
    const start = load<usize>(FETCHED);
    const size = load<usize>(FETCHED + 4);
    if (size < 4) return true;
    const count = load<u32>(start);
    if (count > <u32>(size >> 3)) return false;
    let end = start + 4 + ((<usize>count) << 3);
    this.sizes = start + 4;
    this.texts = end;
    for (let i: u32 = 0; i < count; i++) {
      const pair = this.sizes + ((<usize>i) << 3);
      const nameSize = load<u32>(pair);
      const valueSize = load<u32>(pair + 4);
      if (nameSize > <u32>size || valueSize > <u32>size) return false;
      end += nameSize + valueSize + 2;
      if (end > start + size) return false;
    }
    this.count = count;
    this.bytes = size;
    this.rewind();
    return true;
  }

  rewind(): void {
    this.index = 0;
    this.at = this.texts;
  }

  next(name: Span, value: Span): bool {
    if (this.index >= this.count) return false;
    const pair = this.sizes + ((<usize>this.index) << 3);
    name.set(this.at, load<u32>(pair));
    value.set(name.end + 1, load<u32>(pair + 4));
    this.at = value.end + 1;
    this.index++;
    return true;
  }

  /** Number of occurrences of the header; `value` is the first value, absent if there is none. */
  find(wanted: Span, value: Span): u32 {
    value.clear();
    let found: u32 = 0;
    this.rewind();
    while (this.next(scanName, scanValue)) {
      if (!scanName.equals(wanted)) continue;
      if (found == 0) value.copy(scanValue);
      found++;
    }
    return found;
  }

  /** The header's values, joined in the arena if several: with ", " (RFC 9110, 5.3), cookies with "; " (RFC 9113, 8.2.3). */
  findJoined(wanted: Span, value: Span): void {
    if (this.find(wanted, value) < 2) return;
    const start = arenaMark();
    this.rewind();
    while (this.next(scanName, scanValue)) {
      if (!scanName.equals(wanted)) continue;
      if (arenaMark() != start) putText(wanted.is("cookie") ? "; " : ", ");
      putSpan(scanValue);
    }
    value.set(start, arenaMark() - start);
  }
}

const FETCHED: usize = memory.data(8);
const scanName = changetype<Span>(memory.data(8));
const scanValue = changetype<Span>(memory.data(8));

/** The request's headers, and those of the reply being read. */
export const requestHeaders = changetype<HeaderMap>(memory.data(24));
export const replyHeaders = changetype<HeaderMap>(memory.data(24));
if (offsetof<HeaderMap>() > 24) ERROR("HeaderMap has outgrown its memory");

/*
 * Writing. Sizes come first in the format but are known last: room for the maximum number of headers is left before the
 * texts, and the texts move down when the map is finished. Only one map is written at a time.
 */

let mapStart: usize = 0;
let written: u32 = 0;
let valueStart: usize = 0;

const SIZES_ROOM: usize = 4 + 8 * <usize>MAX_WRITTEN_HEADERS;

export function beginHeaders(): void {
  written = 0;
  mapStart = reserve(SIZES_ROOM);
}

/** Starts a header. Its value is put piece by piece and ended by `endHeader`. */
export function beginHeader(name: string): void {
  const start = arenaMark();
  putText(name);
  beginValue(start);
}

function beginHeaderNamed(name: Span): void {
  const start = arenaMark();
  putSpan(name);
  beginValue(start);
}

function beginValue(nameStart: usize): void {
  noteSize(0, arenaMark() - nameStart);
  putByte(0);
  valueStart = arenaMark();
}

export function endHeader(): void {
  noteSize(4, arenaMark() - valueStart);
  putByte(0);
  if (written < MAX_WRITTEN_HEADERS) written++;
}

export function addHeader(name: string, value: Span): void {
  beginHeader(name);
  putSpan(value);
  endHeader();
}

export function addHeaderNamed(name: Span, value: Span): void {
  beginHeaderNamed(name);
  putSpan(value);
  endHeader();
}

export function addHeaderText(name: string, value: string): void {
  beginHeader(name);
  putText(value);
  endHeader();
}

/** False if the map is full: more headers would be lost. */
export function hasRoomForHeader(): bool {
  return written < MAX_WRITTEN_HEADERS - 1;
}

/** Ends the map; `into` is its serialized form. */
export function finishHeaders(into: Span): void {
  if (!mapStart) {
    into.clear();
    return;
  }
  const texts = mapStart + SIZES_ROOM;
  const textsSize = arenaMark() - texts;
  const compact = mapStart + 4 + ((<usize>written) << 3);
  store<u32>(mapStart, written);
  memory.copy(compact, texts, textsSize);
  rewindArena(compact + textsSize);
  into.set(mapStart, compact + textsSize - mapStart);
}

function noteSize(offset: usize, size: usize): void {
  if (mapStart && written < MAX_WRITTEN_HEADERS) store<u32>(mapStart + 4 + ((<usize>written) << 3) + offset, <u32>size);
}

/** Puts text into the current value as a quoted-string (RFC 9110), with quotes and backslashes escaped. */
export function putQuoted(text: Span): void {
  putByte(0x22);
  for (let at = text.start; at < text.end; at++) {
    const byte = load<u8>(at);
    if (byte == 0x22 || byte == 0x5c) putByte(0x5c);
    putByte(byte);
  }
  putByte(0x22);
}

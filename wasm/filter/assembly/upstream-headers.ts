import { MAP_REQUEST_HEADERS } from "./abi";
import { arenaMark, extend, rewindArena } from "./arena";
import { isCarriedUnchanged } from "./carried-text";
import { configuration, upstreamName } from "./configuration";
import { isTokenByte, lowerAll } from "./configuration-fields";
import { proxy_remove_header_map_value, proxy_replace_header_map_value } from "./env";
import { MAX_UPSTREAM_HEADERS } from "./limits";
import { equalsIgnoringCase, Span } from "./span";
import { putBytes, takeWritten } from "./text-writer";

/**
 * The headers a decision sets for the upstream. They are stored as a payload: for each header with a value, its index in
 * the configuration (u8), the value's size (u16) and the value. Names are not stored, except those of other headers that the
 * decision removes: REMOVED (u8), the name's size (u16) and the name.
 */

const RECORD_HEADER_BYTES: usize = 3;
const REMOVED: u8 = 0xff;
const VALUES: usize = memory.data(8 * 32);

function valueAt(index: u32): Span {
  return changetype<Span>(VALUES + ((<usize>index) << 3));
}

/** Bit i: the reply contains header i. */
let named: u32 = 0;

export function clearUpstreamValues(): void {
  named = 0;
  memory.fill(VALUES, 0, 8 * <usize>MAX_UPSTREAM_HEADERS);
}

/**
 * Sets a header's value; an absent value omits the header.
 * @returns false if the header was already set, or the value would not arrive unchanged in a header
 */
export function setUpstreamValue(index: u32, value: Span, mayBeEmpty: bool = false): bool {
  const bit: u32 = 1 << index;
  if (named & bit) return false;
  named |= bit;
  if (!value.isPresent) return true;
  if (value.size > 0xffff || (value.size == 0 && !mayBeEmpty) || !isCarriedUnchanged(value)) return false;
  valueAt(index).copy(value);
  return true;
}

/** Index of the upstream header with this name, in any case, or -1. */
export function indexOfName(name: Span): i32 {
  for (let index: u32 = 0; index < configuration.upstreamCount; index++) {
    if (equalsIgnoringCase(name, upstreamName(index))) return index;
  }
  return -1;
}

/** Writes the set values as a payload. */
export function composeUpstreamPayload(into: Span): void {
  const start = arenaMark();
  for (let index: u32 = 0; index < configuration.upstreamCount; index++) {
    const value = valueAt(index);
    if (!value.isPresent) continue;
    const record = extend(RECORD_HEADER_BYTES);
    if (!record) break;
    store<u8>(record, <u8>index);
    store<u16>(record + 1, <u16>value.size);
    putBytes(value.start, value.size);
  }
  takeWritten(start, into);
}

/**
 * Adds to the payload just composed that this header of the client's is removed.
 * @param mark where the payload ends; the name may have been decoded there
 * @returns false if no header has this name
 */
export function putRemovedHeader(name: Span, mark: usize): bool {
  if (!isHeaderName(name)) return false;
  rewindArena(mark);
  const record = extend(RECORD_HEADER_BYTES + name.size);
  if (!record) return false;
  memory.copy(record + RECORD_HEADER_BYTES, name.start, name.size);
  store<u8>(record, REMOVED);
  store<u16>(record + 1, <u16>name.size);
  name.set(record + RECORD_HEADER_BYTES, name.size);
  lowerAll(name);
  return true;
}

function isHeaderName(name: Span): bool {
  for (let at = name.start; at < name.end; at++) {
    if (!isTokenByte(load<u8>(at))) return false;
  }
  return name.size > 0 && name.size <= 0xff;
}

const removedName = changetype<Span>(memory.data(8));

/** True if the bytes are a valid payload: each header is configured and occurs once. */
export function isUpstreamPayload(payload: Span): bool {
  let set: u32 = 0;
  for (let at = payload.start; at < payload.end; ) {
    if (payload.end - at < RECORD_HEADER_BYTES) return false;
    const index = load<u8>(at);
    const size = <usize>load<u16>(at + 1);
    at += RECORD_HEADER_BYTES;
    if (size > payload.end - at) return false;
    if (index == REMOVED) {
      removedName.set(at, size);
      if (!isHeaderName(removedName)) return false;
    } else {
      if (index >= configuration.upstreamCount || set & (1 << index)) return false;
      set |= 1 << index;
    }
    at += size;
  }
  return true;
}

/** Sets the payload's headers on the request, replacing the client's, and removes all other configured ones. */
export function applyUpstreamPayload(payload: Span): void {
  let set: u32 = 0;
  for (let at = payload.start; at < payload.end; ) {
    const index = load<u8>(at);
    const size = load<u16>(at + 1);
    const value = at + RECORD_HEADER_BYTES;
    at = value + size;
    if (index == REMOVED) {
      // The filter sees only some of the client's headers: the host notes the change of one that it has not shown only if it is set.
      proxy_replace_header_map_value(MAP_REQUEST_HEADERS, value, size, value, 0);
      proxy_remove_header_map_value(MAP_REQUEST_HEADERS, value, size);
      continue;
    }
    const name = upstreamName(index);
    proxy_replace_header_map_value(MAP_REQUEST_HEADERS, name.start, name.size, value, size);
    set |= 1 << index;
  }
  for (let index: u32 = 0; index < configuration.upstreamCount; index++) {
    if (set & (1 << index)) continue;
    const name = upstreamName(index);
    proxy_remove_header_map_value(MAP_REQUEST_HEADERS, name.start, name.size);
  }
}

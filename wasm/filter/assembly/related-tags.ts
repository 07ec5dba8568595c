import { STATUS_OK } from "./abi";
import { arenaMark, reserve, rewindArena } from "./arena";
import { configuration, NamedHeader, sendsRequest } from "./configuration";
import { tagOf, tagOfBase64 } from "./credential-tag";
import { proxy_set_effective_context } from "./env";
import { copyPayload } from "./payload";
import { readRequest } from "./request";
import { indexOfByte, isBlank, Span, trim } from "./span";

/**
 * Tags of the values in the chosen request headers (every cookie, the credential after a scheme, each list element). The
 * decision depends on them as on the credential, so a purge of any of them finds it. They precede an entry's payload, as
 * u8 count and a u32 each, in services that choose headers. In other services entries have none and cost no more.
 */

/** A request with more tags counts for every credential: each purge finds its decision. */
const MAX_TAGS: u32 = 32;
const EVERY_CREDENTIAL: u8 = 255;
const MAX_BYTES: usize = 1 + 4 * 32;

export function hasRelatedTags(): bool {
  return sendsRequest() && configuration.requestHeaders !== null;
}

const TAGS: usize = memory.data(4 * 32);
let count: u32 = 0;
let overflowed: bool = false;
/** Tag of the decision's own credential, which the key contains. */
let ownTag: u32 = 0;

/**
 * Writes the tags of a request with this decision and then the payload into the arena.
 * @param contextId a context with any such request; 0 if none is left
 * @returns false if the arena has no room
 */
export function putBehindRelatedTags(contextId: u32, credentialTag: u32, payload: Span): bool {
  ownTag = credentialTag;
  collectTags(contextId);
  const tagBytes: usize = overflowed ? 0 : (<usize>count) << 2;
  const start = reserve(1 + tagBytes + payload.size);
  if (!start) return false;
  store<u8>(start, overflowed ? EVERY_CREDENTIAL : <u8>count);
  memory.copy(start + 1, TAGS, tagBytes);
  memory.copy(start + 1 + tagBytes, payload.start, payload.size);
  payload.set(start, 1 + tagBytes + payload.size);
  return true;
}

/** Narrows an entry's payload to the part after its tags. False if it does not begin with tags. */
export function skipRelatedTags(payload: Span): bool {
  if (payload.size == 0) return false;
  const written = load<u8>(payload.start);
  if (written != EVERY_CREDENTIAL && <u32>written > MAX_TAGS) return false;
  const size = bytesOf(written);
  if (size > payload.size) return false;
  payload.set(payload.start + size, payload.size - size);
  return true;
}

const FOUND: usize = memory.data(132, 4);

/** True if an entry's stored payload starts with tags that include this one. */
export function isRelated(payload: usize, payloadSize: usize, tag: u32): bool {
  copyPayload(payload, min(payloadSize, MAX_BYTES), FOUND);
  const written = load<u8>(FOUND);
  if (written == EVERY_CREDENTIAL) return true;
  for (let at = FOUND + 1; at < FOUND + 1 + ((<usize>written) << 2); at += 4) {
    if (load<u32>(at) == tag) return true;
  }
  return false;
}

function bytesOf(written: u8): usize {
  return written == EVERY_CREDENTIAL ? 1 : 1 + ((<usize>written) << 2);
}

const value = changetype<Span>(memory.data(8));
const part = changetype<Span>(memory.data(8));
const scheme = changetype<Span>(memory.data(8));

function collectTags(contextId: u32): void {
  count = 0;
  overflowed = true;
  if (!contextId || proxy_set_effective_context(contextId) != STATUS_OK) return;
  const mark = arenaMark();
  if (readRequest()) {
    overflowed = false;
    let header: NamedHeader | null = configuration.requestHeaders;
    while (header !== null) {
      if (header.value.isPresent && !header.isUnkeyed) addHeader(header.value, header.name.is("cookie"));
      header = header.next;
    }
  }
  rewindArena(mark);
}

/** A header has a value or a list of values, each with parameters. Semicolons separate cookies, or commas if lines are joined. */
function addHeader(header: Span, isCookie: bool): void {
  if (!isCookie && indexOfByte(header.start, header.end, 0x3b) != header.end) addPart(header.start, header.end, false);
  for (let at = header.start; at < header.end; ) {
    const end = indexOfByte(at, header.end, 0x3b);
    value.set(at, end - at);
    addPart(value.start, value.end, isCookie);
    if (indexOfByte(value.start, value.end, 0x2c) != value.end) addParts(isCookie);
    at = end + 1;
  }
}

function addParts(isCookie: bool): void {
  for (let at = value.start; at < value.end; ) {
    const end = indexOfByte(at, value.end, 0x2c);
    addPart(at, end, isCookie);
    at = end + 1;
  }
}

/** Adds the tags of possible credentials: the bytes themselves, or the part after a scheme, parameter name or cookie name. */
function addPart(start: usize, end: usize, isCookie: bool): void {
  part.set(start, end - start);
  if (isCookie) passOverName();
  trim(part);
  if (part.size == 0) return;
  addTag(tagOf(part));
  const blank = indexOfBlank(part.start, part.end);
  if (blank < part.end) {
    scheme.set(part.start, blank - part.start);
    part.set(blank + 1, part.end - blank - 1);
    addTag(scheme.isIgnoringCase("basic") ? tagOfBase64(part) : tagOf(part));
  }
  if (!isCookie && passOverName()) addTag(tagOf(part));
}

/** Narrows the part to the text after its first equals sign; false if that is empty. */
function passOverName(): bool {
  const equals = indexOfByte(part.start, part.end, 0x3d);
  if (equals + 1 >= part.end) return false;
  part.set(equals + 1, part.end - equals - 1);
  return true;
}

function indexOfBlank(start: usize, end: usize): usize {
  while (start < end && !isBlank(load<u8>(start))) start++;
  return start;
}

function addTag(tag: u32): void {
  if (tag == ownTag || overflowed) return;
  for (let index: u32 = 0; index < count; index++) {
    if (load<u32>(TAGS + ((<usize>index) << 2)) == tag) return;
  }
  if (count == MAX_TAGS) {
    overflowed = true;
    return;
  }
  store<u32>(TAGS + ((<usize>count) << 2), tag);
  count++;
}

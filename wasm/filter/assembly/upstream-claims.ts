import { arenaMark, extend, rewindArena } from "./arena";
import { isCarriedUnchanged } from "./carried-text";
import { findClaim } from "./claim-path";
import { ClaimName, configuration, upstreamClaim } from "./configuration";
import { repliedScope } from "./introspection-reply";
import { beginJson, enterArray, nextElement, peekJson } from "./json-reader";
import { KIND_NULL, KIND_OTHER, readValue } from "./json-value";
import { indexOfByte, Span } from "./span";
import { setUpstreamValue } from "./upstream-headers";

/** The claims of an introspection reply that go to the upstream in headers. */

const claim = changetype<Span>(memory.data(8));
const value = changetype<Span>(memory.data(8));
const item = changetype<Span>(memory.data(8));

/** Sets each configured header. False if one could not arrive unchanged, or a claim occurs twice. */
export function takeUpstreamClaims(document: Span): bool {
  for (let index: u32 = 0; index < configuration.upstreamCount; index++) {
    const path = upstreamClaim(index);
    if (!findClaim(document, path, claim)) return false;
    if (isScope(path)) value.copy(repliedScope);
    else if (!readClaim()) return false;
    if (!setUpstreamValue(index, value)) return false;
  }
  return true;
}

/** Scopes are a list in any form, and joined by spaces like the text that RFC 7662 has. */
function isScope(path: ClaimName): bool {
  return path.next === null && path.text.is("scope");
}

/** Sets `value` to the text of the claim; absent if it has none. */
function readClaim(): bool {
  value.clear();
  if (!claim.isPresent) return true;
  beginJson(claim.start, claim.size);
  if (peekJson() == 0x5b) return readList();
  readValue(value);
  return true;
}

/**
 * Joins a list with commas; leaves it out if it is empty or holds anything but texts, numbers and booleans.
 * @returns false if the upstream would read another list from the header
 */
function readList(): bool {
  const start = arenaMark();
  let isPlain = true;
  let isUnchanged = true;
  let isFirst = true;
  enterArray();
  while (nextElement()) {
    const mark = arenaMark();
    const kind = readValue(item);
    if (kind == KIND_NULL || kind == KIND_OTHER) isPlain = false;
    if (item.size == 0 || indexOfByte(item.start, item.end, COMMA) != item.end || !isCarriedUnchanged(item)) {
      isUnchanged = false;
    }
    // A text with escapes was decoded after the mark: it moves down to the end of the list.
    rewindArena(mark);
    const gap: usize = isFirst ? 0 : 1;
    const at = extend(gap + item.size);
    if (!at) break;
    memory.copy(at + gap, item.start, item.size);
    if (gap) store<u8>(at, COMMA);
    isFirst = false;
  }
  if (isFirst || !isPlain) {
    rewindArena(start);
    return true;
  }
  value.set(start, arenaMark() - start);
  return isUnchanged;
}

const COMMA: u8 = 0x2c;

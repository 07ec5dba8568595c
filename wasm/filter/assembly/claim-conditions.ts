import { arenaMark, rewindArena } from "./arena";
import { findClaim } from "./claim-path";
import { ClaimCondition, ClaimValue } from "./configuration";
import { areEqualNumbers } from "./decimal";
import { beginJson, enterArray, nextElement, peekJson } from "./json-reader";
import { KIND_NUMBER, readValue } from "./json-value";
import { Span } from "./span";

/** Compares claims with the conditions of a rule, as config/claim-conditions.ts does for parsed tokens. */

export const CLAIMS_MET: u32 = 0;
export const CLAIMS_UNMET: u32 = 1;
/** A claim occurs twice. */
export const CLAIMS_MALFORMED: u32 = 2;

const claim = changetype<Span>(memory.data(8));
const value = changetype<Span>(memory.data(8));

/** @returns one of the constants above; malformed if any condition finds a claim twice, even if another is unmet */
export function judgeClaims(document: Span, conditions: ClaimCondition | null): u32 {
  let areMet = true;
  let condition: ClaimCondition | null = conditions;
  while (condition !== null) {
    if (!findClaim(document, condition.path, claim)) return CLAIMS_MALFORMED;
    const mark = arenaMark();
    if (!claim.isPresent || !isMet(condition)) areMet = false;
    rewindArena(mark);
    condition = condition.next;
  }
  return areMet ? CLAIMS_MET : CLAIMS_UNMET;
}

function isMet(condition: ClaimCondition): bool {
  beginJson(claim.start, claim.size);
  if (!condition.isIncluded) return isNextOneOf(condition.values);
  if (peekJson() != 0x5b) return false;
  let holds = false;
  const mark = arenaMark();
  enterArray();
  while (nextElement()) {
    if (isNextOneOf(condition.values)) holds = true;
    rewindArena(mark);
  }
  return holds;
}

/** Reads the next value; true if it equals one of these in type and value. */
function isNextOneOf(values: ClaimValue | null): bool {
  const kind = readValue(value);
  let at: ClaimValue | null = values;
  while (at !== null) {
    if (at.kind == kind && isSameValue(kind, at.text)) return true;
    at = at.next;
  }
  return false;
}

function isSameValue(kind: u32, text: Span): bool {
  return kind == KIND_NUMBER ? areEqualNumbers(text, value) : text.equals(value);
}

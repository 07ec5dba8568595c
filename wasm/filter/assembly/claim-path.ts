import { arenaMark, rewindArena } from "./arena";
import { ClaimName } from "./configuration";
import { beginJson, enterObject, jsonPosition, nextMember, peekJson, skipValue } from "./json-reader";
import { Span } from "./span";

/** Finds claims, also nested ones, in a document that was read once and is valid. Lists are not entered. */

const name = changetype<Span>(memory.data(8));

/**
 * @param into the claim's JSON; absent if there is no such claim
 * @returns false if a name on the path occurs twice: two parsers could read two claims
 */
export function findClaim(document: Span, path: ClaimName | null, into: Span): bool {
  into.copy(document);
  let at: ClaimName | null = path;
  while (at !== null && into.isPresent) {
    if (!findMember(into, at.text)) return false;
    at = at.next;
  }
  return true;
}

/** Sets `within` to the member of this name, or clears it. */
function findMember(within: Span, wanted: Span): bool {
  beginJson(within.start, within.size);
  within.clear();
  if (peekJson() != 0x7b) return true;
  const mark = arenaMark();
  let isUnique = true;
  enterObject();
  while (nextMember(name)) {
    const isWanted = name.equals(wanted);
    if (isWanted && within.isPresent) isUnique = false;
    peekJson();
    const start = jsonPosition();
    skipValue();
    if (isWanted) within.set(start, jsonPosition() - start);
    // Names and texts with escapes are decoded into the arena, in each search anew.
    rewindArena(mark);
  }
  return isUnique;
}

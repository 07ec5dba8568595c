import { arenaMark, rewindArena } from "./arena";
import { ClaimName } from "./configuration";
import { beginJson, enterObject, jsonPosition, nextMember, peekJson, skipValue } from "./json-reader";
import { Span } from "./span";

/** Finds claims, also nested ones, in a document that was read once and is valid. Lists are not entered. */

const name = changetype<Span>(memory.data(8));
const found = changetype<Span>(memory.data(8));

/**
 * @param into the claim's JSON; absent if there is no such claim
 * @returns false if a name on the path occurs twice: two parsers could read two claims
 */
export function findClaim(document: Span, path: ClaimName, into: Span): bool {
  beginJson(document.start, document.size);
  found.clear();
  const isUnique = searchNext(path);
  into.copy(found);
  return isUnique;
}

/** Searches the next value, all of it, for the rest of the path. The path's length bounds the recursion. */
function searchNext(path: ClaimName): bool {
  if (peekJson() != 0x7b) {
    skipValue();
    return true;
  }
  // Names and texts with escapes are decoded into the arena, in each search anew.
  const mark = arenaMark();
  const inner = path.next;
  let isUnique = true;
  let isFound = false;
  enterObject();
  while (nextMember(name)) {
    if (!name.equals(path.text)) {
      skipValue();
    } else {
      if (isFound) isUnique = false;
      isFound = true;
      if (inner === null) takeNext();
      else if (!searchNext(inner)) isUnique = false;
    }
    rewindArena(mark);
  }
  return isUnique;
}

function takeNext(): void {
  peekJson();
  const start = jsonPosition();
  skipValue();
  found.set(start, jsonPosition() - start);
}

import { arenaMark } from "./arena";
import { putBase64UrlDecoded } from "./base64";
import { beginJson, enterObject, jsonEnded, nextMember, peekJson, readNumber, skipValue } from "./json-reader";
import { NEVER_MS, numericDateMs } from "./numeric-date";
import { indexOfByte, Span } from "./span";

const name = changetype<Span>(memory.data(8));

/**
 * The `exp` in a token that looks like a JWT, else NEVER_MS. It is not verified, so it may only shorten the lifetime of a
 * cached decision. An invalid one is ignored.
 */
export function unverifiedExpiryMs(token: Span): u64 {
  const firstDot = indexOfByte(token.start, token.end, 0x2e);
  if (firstDot == token.end) return NEVER_MS;
  const secondDot = indexOfByte(firstDot + 1, token.end, 0x2e);
  if (secondDot == token.end) return NEVER_MS;
  const claims = arenaMark();
  if (!putBase64UrlDecoded(firstDot + 1, secondDot - firstDot - 1)) return NEVER_MS;
  beginJson(claims, arenaMark() - claims);
  let earliest = NEVER_MS;
  if (!enterObject()) return NEVER_MS;
  while (nextMember(name)) {
    if (name.is("exp") && isNumber(peekJson())) {
      const stated = numericDateMs(readNumber());
      if (stated < earliest) earliest = stated;
    } else {
      skipValue();
    }
  }
  return jsonEnded() ? earliest : NEVER_MS;
}

function isNumber(first: u8): bool {
  return first == 0x2d || (first >= 0x30 && first <= 0x39);
}

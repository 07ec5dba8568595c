import { type Read, UNREADABLE, withoutBlanks } from "./reading.ts";

/**
 * Cookies as servers read them. Some find a cookie although RFC 6265 defines no such name: ASP.NET ignores case, PHP reads
 * blanks, dots and brackets in a name as underscores and `name[x]` as a part of `name`, some decode percent-encoding, Python's
 * `http.cookies` and older Rack also end a cookie at a blank or comma, Django strips the blanks of Unicode from a name, and
 * older Werkzeug skips `=` before one. A credential that only they see has not been verified. (The filter does the same:
 * wasm/filter/assembly/cookie-names.ts.)
 */

/** The value of a cookie. One that only some servers find counts if there is another one: those servers might use it. */
export function cookieNamed(cookies: string, name: string): Read {
  if (!cookies.includes(name)) return undefined;
  const pairs = cookies.split(";");
  const found = pairs.find((pair) => nameOf(pair) === name);
  if (found === undefined) return undefined;
  const isAlone = pairs.every((pair) => pair === found || (nameOf(pair) !== name && !hidesCookie(pair, name)));
  return isAlone && pairs.indexOf(found) === pairs.lastIndexOf(found)
    ? found.slice(found.indexOf("=") + 1)
    : UNREADABLE;
}

/** Undefined for a part without `=`. */
function nameOf(pair: string): string | undefined {
  const equals = pair.indexOf("=");
  return equals < 0 ? undefined : withoutBlanks(pair.slice(0, equals));
}

/** The cookies without those that some server reads by one of the names. */
export function withoutCookies(cookies: string, names: readonly string[]): string {
  const left = cookies
    .split(";")
    .filter((pair) => !names.some((name) => hidesCookie(pair, name)))
    .join(";");
  return withoutBlanks(left);
}

/** True if some server finds a cookie of this name in the text of one cookie. */
function hidesCookie(pair: string, name: string): boolean {
  if (pair.length <= name.length) return false;
  if (beginsWithName(pair, name)) return true;
  return Array.from(pair.matchAll(BEFORE_NAME)).some(({ 0: before, index }) =>
    beginsWithName(pair.slice(index + before.length), name),
  );
}

/**
 * After these characters, which no name has, some servers begin a new cookie; at the beginning also after `=`, and after the blanks
 * that PHP has decoded.
 */
const BEFORE_NAME = /^(?:[^\x21-\x7e]*(?:[=+]|%20))+|(?:[^\x21-\x2b\x2d-\x7e]|")(?![^\x21-\x2b\x2d-\x7e]|")/g;

/** True if the text begins with the name in any spelling, followed by `=` or `[`, or by the NUL that ends it for older PHP. */
function beginsWithName(text: string, name: string): boolean {
  let at = 0;
  for (const expected of name) {
    const encoded = /^%([0-9a-f]{2})/i.exec(text.slice(at, at + 3))?.[1];
    const actual = encoded === undefined ? text.charAt(at) : String.fromCharCode(Number.parseInt(encoded, 16));
    if (foldedCharacter(actual) !== foldedCharacter(expected)) return false;
    at += encoded === undefined ? 1 : 3;
  }
  return text.charAt(at) === "[" || text.startsWith("%00", at) || /^(?:[^\x21-\x7e]|")*=/.test(text.slice(at));
}

/** Maps all characters that some server treats as equal in a name to one. */
function foldedCharacter(character: string): string {
  return " .[+".includes(character) ? "_" : character.toLowerCase();
}

/**
 * How servers may read a path. Many take several spellings for one resource: Express and IIS ignore case, servlet
 * containers cut off `;parameters`, Windows drops dots and blanks at the end of a name, and Rails and Spring take
 * `/users.json` for `/users`. Who may pass must not depend on the spelling.
 */

/** A path's segments, decoded; none for `/`, and an empty last one for a slash at the end. */
export type Segments = readonly string[];

export interface PathReadings {
  readonly literal: Segments;
  /** What lenient servers read, each segment as by `foldSegment`. The same texts as `literal` for an ordinary path. */
  readonly lenient: Segments;
  /** The same without the format suffix of the last segment; undefined where it has none. */
  readonly withoutSuffix: Segments | undefined;
}

/** Lower-case letters, digits, `-` and `_`, and no slash at the end: there is one reading. */
const ORDINARY = /^(?:\/[a-z0-9_-]+)+$/;

const FORMAT_SUFFIX = /(?<=.)\.[a-z0-9]{1,10}$/;

/** Dots, and everything that is a blank to anybody: also those that have no width. */
const TRAILING_BLANKS = /[.\s\u00ad\u180e\u200b-\u200f\u2060-\u2064\ufeff]+$/u;
const LEADING_BLANKS = /^[\s\u00ad\u180e\u200b-\u200f\u2060-\u2064\ufeff]+/u;

/** The readings of a raw canonical path, or undefined where it cannot be decoded. */
export function readPath(path: string): PathReadings | undefined {
  if (ORDINARY.test(path)) {
    const segments = path.slice(1).split("/");
    return { literal: segments, lenient: segments, withoutSuffix: undefined };
  }
  const literal = decodeSegments(path);
  if (literal === undefined) return undefined;
  const lenient = literal.map(foldSegment).filter((segment) => segment !== "");
  const last = lenient.at(-1);
  if (last === undefined || !FORMAT_SUFFIX.test(last)) return { literal, lenient, withoutSuffix: undefined };
  const name = foldSegment(last.replace(FORMAT_SUFFIX, ""));
  const folder = lenient.slice(0, -1);
  return { literal, lenient, withoutSuffix: name === "" ? folder : [...folder, name] };
}

/** One text for all segments that a lenient server may take for the same. */
export function foldSegment(segment: string): string {
  const semicolon = segment.indexOf(";");
  const withoutParameters = semicolon < 0 ? segment : segment.slice(0, semicolon);
  return foldCase(withoutParameters).replace(LEADING_BLANKS, "").replace(TRAILING_BLANKS, "");
}

/**
 * Unicode's compatibility forms and full case folding, as far as the runtime has them: `ſ` is `s`, the Kelvin sign is `k`, `ß` is
 * `ss`, and `İ` and `ı` are `i`.
 */
function foldCase(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text.toLowerCase();
  return text.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC").replaceAll("i\u0307", "i");
}

function decodeSegments(path: string): Segments | undefined {
  if (path === "/") return [];
  const segments = path.slice(1).split("/");
  if (!path.includes("%")) return segments;
  try {
    return segments.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

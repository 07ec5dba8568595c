/**
 * How servers may read a path. Many accept several spellings of one resource: Express and IIS ignore case, servlet
 * containers cut off `;parameters`, Windows drops dots and blanks at the end of a name, Rails and Spring serve `/users.json`
 * as `/users`, PHP serves `/index.php/users`, and some decode `%3F` before they look for the query. Access must not depend
 * on the spelling.
 */

/** A path's decoded segments; none for `/`, and an empty last one for a slash at the end. */
export type Segments = readonly string[];

export interface PathReadings {
  readonly literal: Segments;
  /** Readings of lenient servers, folded as by `foldSegment`. For an ordinary path only `literal`. */
  readonly lenient: readonly [Segments, ...Segments[]];
  /** The same without a format suffix of the last segment: one for each dot that may begin the suffix. */
  readonly withoutSuffix: readonly Segments[];
}

/** Only lower-case letters, digits, `-` and `_`, no slash at the end: such a path has one reading. */
const ORDINARY = /^(?:\/[a-z0-9_-]+)+$/;

/** A name may contain dots, so any dot may begin the suffix. Only the first eight and the last are tried. */
const MAX_SUFFIXES = 8;

/** Parameters of servlet containers, and NTFS streams: IIS once served `name::$DATA` as `name`. */
const PARAMETERS = /;.*$|:[^:]*:?\$.*$/s;

/** The readings of a raw canonical path, or undefined if it cannot be decoded. */
export function readPath(path: string): PathReadings | undefined {
  if (ORDINARY.test(path)) {
    const segments = path.slice(1).split("/");
    return { literal: segments, lenient: [segments], withoutSuffix: [] };
  }
  const literal = decodeSegments(path);
  if (literal === undefined) return undefined;
  const text = foldCharacters(literal.join("/"));
  const whole = segmentsOf(text);
  const queryStart = text.search(/[?#]/);
  const beforeQuery = queryStart < 0 ? [] : [segmentsOf(text.slice(0, queryStart))];
  const handedOn = [whole, ...beforeQuery].filter((segments) => segments.some(isFrontController)).map(afterController);
  return {
    literal,
    lenient: [whole, ...beforeQuery, ...handedOn],
    withoutSuffix: [whole, ...handedOn].flatMap(withoutSuffixes),
  };
}

/** The script through which PHP applications serve every path; they route by the rest of the path (`PATH_INFO`). */
function isFrontController(segment: string): boolean {
  return segment === "index.php" || segment === "app.php" || segment === "app_dev.php";
}

function afterController(segments: Segments): Segments {
  return segments.filter((segment) => !isFrontController(segment));
}

/** True if the path has only one reading. */
export function isOrdinary({ literal, lenient }: PathReadings): boolean {
  return lenient[0] === literal;
}

/** One text for all segments that a lenient server may treat as the same. */
export function foldSegment(segment: string): string {
  return trimSegment(foldCharacters(segment));
}

/**
 * Whether some servers read a segment as only dots and blanks, and so perhaps as this folder or its parent: `.. `, or
 * full-width dots.
 *
 * @param path raw, without plain dot segments
 */
export function hasDisguisedDotSegment(path: string): boolean {
  if (!/[%+]/.test(path)) return false;
  const decoded = decodeSegments(path);
  if (decoded === undefined) return false;
  return foldCharacters(decoded.join("/"))
    .split(/[/\\]/)
    .map((segment) =>
      segment
        .replace(PARAMETERS, "")
        .replace(/[?#].*$/s, "")
        .replaceAll("+", " "),
    )
    .some((segment) => /^[.\s]+$/.test(segment) && segment.includes(".") && segment !== "...");
}

function segmentsOf(folded: string): Segments {
  return folded
    .split(/[/\\]/)
    .map(trimSegment)
    .filter((segment) => segment !== "");
}

/** Servers that decode paths like form data read `+` as a blank. */
function trimSegment(folded: string): string {
  const name = folded.replace(PARAMETERS, "").replaceAll("+", " ").trimStart();
  // No regular expression: one that ends in `$` takes quadratic time for thousands of dots before a letter.
  let end = name.length;
  while (end > 0 && (name[end - 1] === "." || name[end - 1]?.trim() === "")) end--;
  return name.slice(0, end);
}

function withoutSuffixes(segments: Segments): Segments[] {
  const last = segments.at(-1);
  if (last === undefined || !last.includes(".", 1)) return [];
  const folder = segments.slice(0, -1);
  const dots: number[] = [];
  for (let dot = last.indexOf(".", 1); dot > 0 && dots.length < MAX_SUFFIXES; dot = last.indexOf(".", dot + 1)) {
    dots.push(dot);
  }
  const names = new Set([...dots, last.lastIndexOf(".")].map((dot) => trimSegment(last.slice(0, dot))));
  return [...names].map((name) => (name === "" ? folder : [...folder, name]));
}

/**
 * Applies Unicode's compatibility forms and full case folding, as far as the runtime has them: `ſ` becomes `s`, the Kelvin
 * sign `k`, `ß` and `ẞ` become `ss`, `İ` and `ı` become `i`, full-width signs become ASCII, including `／` and `；`. Removes
 * zero-width characters, which HFS+ ignores (CVE-2014-9390).
 */
function foldCharacters(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text.toLowerCase();
  const plain = text.normalize("NFKC").replace(/\p{Default_Ignorable_Code_Point}/gu, "");
  return plain.toLowerCase().toUpperCase().toLowerCase().normalize("NFKC").replaceAll("i\u0307", "i");
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

/**
 * How servers may read a path. Many take several spellings for one resource: Express and IIS ignore case, servlet
 * containers cut off `;parameters`, Windows drops dots and blanks at the end of a name, Rails and Spring take
 * `/users.json` for `/users`, PHP `/index.php/users`, and some decode `%3F` before they look for the query. Who may pass must not
 * depend on the spelling.
 */

/** A path's segments, decoded; none for `/`, and an empty last one for a slash at the end. */
export type Segments = readonly string[];

export interface PathReadings {
  readonly literal: Segments;
  /** What lenient servers read, folded as by `foldSegment`. For an ordinary path only `literal` itself. */
  readonly lenient: readonly [Segments, ...Segments[]];
  /** The same without a format suffix of the last segment, one for each dot that may begin it. */
  readonly withoutSuffix: readonly Segments[];
}

/** Lower-case letters, digits, `-` and `_`, and no slash at the end: there is one reading. */
const ORDINARY = /^(?:\/[a-z0-9_-]+)+$/;

/** A name may have dots of its own, so each may begin the suffix; beyond these only the last one. */
const MAX_SUFFIXES = 8;

/** Parameters of servlet containers, and NTFS streams (`:$DATA`), which IIS once served as the name before. */
const PARAMETERS = /;.*$|:[^:]*:?\$.*$/s;

/** The readings of a raw canonical path, or undefined where it cannot be decoded. */
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

/** The script that PHP applications serve every path by: what comes after it is the path that they go by (`PATH_INFO`). */
function isFrontController(segment: string): boolean {
  return segment === "index.php" || segment === "app.php" || segment === "app_dev.php";
}

function afterController(segments: Segments): Segments {
  return segments.filter((segment) => !isFrontController(segment));
}

/** True if the reading is the only one. */
export function isOrdinary({ literal, lenient }: PathReadings): boolean {
  return lenient[0] === literal;
}

/** One text for all segments that a lenient server may take for the same. */
export function foldSegment(segment: string): string {
  return trimSegment(foldCharacters(segment));
}

/**
 * Whether a segment is dots and blanks to some servers, and so perhaps this folder or the one above: `.. `, or dots in
 * their full-width form.
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

/** A server that decodes as in forms takes `+` for a blank. */
function trimSegment(folded: string): string {
  const name = folded.replace(PARAMETERS, "").replaceAll("+", " ").trimStart();
  // Not by a regular expression: one that ends in `$` takes quadratic time for thousands of dots before a letter.
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
 * Unicode's compatibility forms and full case folding, as far as the runtime has them, without what has no width: `ſ` is `s`, the
 * Kelvin sign `k`, `ß` and `ẞ` are `ss`, `İ` and `ı` are `i`, full-width signs are those of ASCII, also `／` and `；`. HFS+
 * ignores characters without width (CVE-2014-9390).
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

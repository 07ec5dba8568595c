import { foldSegment } from "./path-readings.ts";
import { hasDotSegment } from "./path-syntax.ts";

/**
 * A rule's path, parsed. `/orders/:id/*` has the segments "orders" and null (any segment), and a rest.
 * Plain data, because it is part of the configuration's hash.
 */
export interface RoutePattern {
  /** A text is compared with the decoded segment; null matches any one segment. */
  readonly segments: readonly (string | null)[];
  /** True if the pattern ends in `*`: any number of further segments, or none. */
  readonly rest: boolean;
}

const PARAMETER = /^:[A-Za-z_][A-Za-z0-9_]*$/;

/** Parameter syntax of other routers, which is `:name` or `*` here. As plain text it would match almost nothing. */
const FOREIGN_PARAMETER = /[{}<>]|^\[.*\]$/;

/** Parses a rule's path. On failure, `allowed` is a phrase that says what is allowed. */
export function parseRoutePattern(path: string): { ok: true; pattern: RoutePattern } | { ok: false; allowed: string } {
  const refuse = (allowed: string) => ({ ok: false, allowed }) as const;
  if (!path.startsWith("/")) return refuse('a path that begins with "/"');
  if (path === "/") return { ok: true, pattern: { segments: [], rest: false } };
  if (path.endsWith("/")) return refuse('a path without a "/" at its end; use "/*" to cover everything below it');
  if (path.includes("//")) return refuse("a path without empty segments");
  if (hasDotSegment(path)) return refuse('a path without "." and ".." segments');
  if (path.includes("%")) return refuse("a path in plain text; write the character itself, not its percent-encoding");
  if (/[?#\\;]|\p{Cc}/u.test(path))
    return refuse("a path without query, fragment, backslash, semicolon or control characters");
  if (path.split("/").some((text) => FOREIGN_PARAMETER.test(text)))
    return refuse('a path whose parameters are written ":name", not "{name}", "<name>" or "[name]"');
  if (/\p{Cs}/u.test(path))
    return refuse("a path without lone surrogates (half of a pair), which clients can never send");
  if (path !== path.normalize("NFC"))
    return refuse(`a path in the form that clients send (NFC): ${path.normalize("NFC")}`);

  const segments: (string | null)[] = [];
  const texts = path.slice(1).split("/");
  if (texts.some((text) => text !== "*" && (foldSegment(text) === "" || foldSegment(text).includes("/"))))
    return refuse(
      "a path whose segments are not only dots and blanks, without other characters that servers read as a slash",
    );
  for (const [index, text] of texts.entries()) {
    if (text === "*" && index === texts.length - 1) return { ok: true, pattern: { segments, rest: true } };
    if (text.includes("*"))
      return refuse('a path with "*" only as its whole last segment; use ":name" for one segment');
    if (text.startsWith(":") && !PARAMETER.test(text)) {
      return refuse('a path whose parameters are ":" and a name of letters, digits and "_"');
    }
    segments.push(text.startsWith(":") ? null : text);
  }
  return { ok: true, pattern: { segments, rest: false } };
}

/** True if every path the second pattern matches is also matched by the first. */
export function patternCovers(general: RoutePattern, special: RoutePattern): boolean {
  if (!general.rest && (special.rest || special.segments.length !== general.segments.length)) return false;
  if (special.segments.length < general.segments.length) return false;
  return general.segments.every((segment, index) => segment === null || segment === special.segments[index]);
}

/** True if a path exists that both patterns match. */
export function patternsOverlap(a: RoutePattern, b: RoutePattern): boolean {
  const [short, long] = a.segments.length <= b.segments.length ? [a, b] : [b, a];
  if (short.segments.length !== long.segments.length && !short.rest) return false;
  return short.segments.every((segment, index) => {
    const other = long.segments[index];
    return segment === null || other === null || segment === other;
  });
}

/** True if the pattern can match a path under the prefix. */
export function patternReaches(pattern: RoutePattern, prefix: string): boolean {
  const prefixSegments = prefix === "/" ? [] : prefix.slice(1).split("/");
  if (!pattern.rest && pattern.segments.length < prefixSegments.length) return false;
  return prefixSegments.every((segment, index) => {
    const wanted = pattern.segments[index];
    return wanted === undefined || wanted === null || wanted === segment;
  });
}

/** True if both rules cover a common method; undefined means every method. */
export function shareMethod(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  if (a === undefined || b === undefined) return true;
  const covers = (methods: readonly string[], method: string) =>
    methods.includes(method) || (method === "HEAD" && methods.includes("GET"));
  return a.some((method) => covers(b, method)) || b.some((method) => covers(a, method));
}

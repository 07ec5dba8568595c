import { canonicalHeaderName } from "./header-names.ts";
import { OVERRIDING_HEADERS } from "./overriding-headers.ts";

/** Header names; one that ends in `*` covers every name that begins so: `x-auth-*`. */
export type HeaderPatterns = readonly string[];

interface Matcher {
  readonly names: ReadonlySet<string>;
  readonly prefixes: readonly string[];
}

const matchers = new WeakMap<HeaderPatterns, Matcher>();

/** Whether one of the patterns covers the name, in any spelling that a CGI-like upstream cannot tell from it. */
export function coversHeader(patterns: HeaderPatterns, name: string): boolean {
  const { names, prefixes } = matcherOf(patterns);
  const canonical = canonicalHeaderName(name);
  return names.has(canonical) || prefixes.some((prefix) => canonical.startsWith(prefix));
}

const OVERRIDING: HeaderPatterns = OVERRIDING_HEADERS.flatMap(({ names }) => names);

/** True for a header that a client may not send: with it, it could change what was authorized. */
export function isOverridingHeader(name: string): boolean {
  return coversHeader(OVERRIDING, name);
}

function matcherOf(patterns: HeaderPatterns): Matcher {
  let known = matchers.get(patterns);
  if (known === undefined) {
    const canonical = patterns.map(canonicalHeaderName);
    known = {
      names: new Set(canonical.filter((pattern) => !pattern.endsWith("*"))),
      prefixes: canonical.filter((pattern) => pattern.endsWith("*")).map((pattern) => pattern.slice(0, -1)),
    };
    matchers.set(patterns, known);
  }
  return known;
}

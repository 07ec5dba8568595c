import type { Rule, Service } from "./gateway.ts";
import type { RoutePattern } from "./route-pattern.ts";

/** What a request needs. `ruleName` is never empty; the filter refuses names it was not configured with. */
export type RuleMatch = { kind: "public" } | { kind: "authorize"; ruleName: string } | { kind: "deny" };

/** Name of the rule for everything that needs the filter's yes and nothing more. */
export const AUTHENTICATE_RULE = "authenticate";

/**
 * The first rule that matches, or what the service says about paths without one.
 *
 * `path` is the raw canonical path (see worker/route.ts), without query and with the service's prefix. Segments are
 * percent-decoded before comparison. A rule for GET covers HEAD, whose answer is the same head and would otherwise tell
 * what GET may not.
 *
 * A rule that asks for something also covers the spellings a lenient upstream takes for the same resource: another case
 * (Express, IIS), a trailing slash, dot or space, and path parameters (`/admin;x`, which servlet containers cut off). A
 * public rule covers only what it says, letter by letter, so that neither reading opens more than was written.
 */
export function matchRule(service: Pick<Service, "rules" | "unmatched">, method: string, path: string): RuleMatch {
  const exact = decodeSegments(path);
  // readTarget refuses such paths. Without a reading of the path there is nothing to compare, so nothing is allowed.
  if (exact === undefined) return { kind: "deny" };
  const lenient = exact.map(asLenientServersRead);
  if (lenient.length > 1 && lenient.at(-1) === "") lenient.pop();

  for (const rule of service.rules) {
    if (!coversMethod(rule, method)) continue;
    const isWritten = matchesPattern(rule.pattern, exact);
    if (rule.access.kind === "public") {
      if (isWritten) return { kind: "public" };
    } else if (isWritten || matchesPattern(rule.pattern, lenient, asLenientServersRead)) {
      return { kind: "authorize", ruleName: rule.name };
    }
  }
  return service.unmatched === "deny" ? { kind: "deny" } : { kind: "authorize", ruleName: AUTHENTICATE_RULE };
}

function coversMethod(rule: Rule, method: string): boolean {
  if (rule.methods === undefined || rule.methods.includes(method)) return true;
  return method === "HEAD" && rule.methods.includes("GET");
}

function matchesPattern(
  pattern: RoutePattern,
  segments: readonly string[],
  read: (segment: string) => string = (segment) => segment,
): boolean {
  const wanted = pattern.segments;
  if (pattern.rest ? segments.length < wanted.length : segments.length !== wanted.length) return false;
  for (let index = 0; index < wanted.length; index++) {
    const expected = wanted[index];
    const actual = segments[index];
    if (expected === undefined || actual === undefined) return false;
    if (expected === null ? actual === "" : read(expected) !== actual) return false;
  }
  return true;
}

/** `/a/b%20c` is "a" and "b c"; `/` is no segment; a trailing slash is an empty last segment. */
function decodeSegments(path: string): string[] | undefined {
  if (path === "/") return [];
  const segments = path.slice(1).split("/");
  if (!path.includes("%")) return segments;
  try {
    return segments.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function asLenientServersRead(segment: string): string {
  const semicolon = segment.indexOf(";");
  const withoutParameters = semicolon < 0 ? segment : segment.slice(0, semicolon);
  return withoutParameters.toLowerCase().replace(/[. ]+$/, "");
}

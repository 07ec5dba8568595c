import type { Requirements, Rule, Service } from "./gateway.ts";
import { foldSegment, isOrdinary, type PathReadings, readPath, type Segments } from "./path-readings.ts";
import type { RoutePattern } from "./route-pattern.ts";
import { requiresAllOf } from "./strictness.ts";

/**
 * What a request needs. `ruleName` is never empty; the filter refuses names that its configuration does not have.
 * `ambiguous`: several rules match different readings of the path, and none requires everything that the others do.
 */
export type RuleMatch =
  | { readonly kind: "public" }
  | { readonly kind: "authorize"; readonly ruleName: string }
  | { readonly kind: "deny" }
  | { readonly kind: "ambiguous" };

/** Name of the rule for everything that needs only the filter's decision, no scopes, claims or permission. */
export const AUTHENTICATE_RULE = "authenticate";

type RuledService = Pick<Service, "rules" | "unmatched" | "paths">;

/**
 * The first rule that matches, or the service's `unmatched` if none does.
 *
 * `path` is the raw canonical path (see worker/request-target.ts), without query and with the service's prefix. Segments are
 * percent-decoded before comparison. A rule for GET covers HEAD: its answer has the same headers, and would reveal them to
 * clients that GET refuses.
 *
 * Unless the service's `paths` is `literal`, each lenient reading is matched too (path-readings.ts), and the strictest match
 * counts. So no spelling of a path allows more than another.
 */
export function matchRule(service: RuledService, method: string, path: string): RuleMatch {
  if (service.rules.length === 0 && !path.includes("%")) return needOf(undefined, service.unmatched);
  const readings = readPath(path);
  // readTarget refuses such paths. Without a reading there is nothing to compare, so deny.
  if (readings === undefined) return { kind: "deny" };
  if (service.paths !== "literal") return matchReadings(service, method, readings);
  return needOf(writtenRule(service.rules, method, readings.literal), service.unmatched);
}

/** Like `matchRule`, for the readings of a path on a server that may read it leniently. */
export function matchReadings(
  { rules, unmatched }: Pick<Service, "rules" | "unmatched">,
  method: string,
  readings: PathReadings,
): RuleMatch {
  const written = writtenRule(rules, method, readings.literal);
  if (isOrdinary(readings) && areFolded(rules)) return needOf(written, unmatched);
  const found = [written, ...readings.lenient.flatMap((segments) => rulesMeant(rules, method, segments))];
  if (!namesLastSegment(written)) {
    found.push(...readings.withoutSuffix.flatMap((segments) => rulesMeant(rules, method, segments)));
  }
  return strictest(found, unmatched);
}

/** Whether a rule names the path's last segment literally: then `/favicon.ico` is a file, not `/favicon` with a suffix. */
export function isNamedFile({ rules }: Pick<Service, "rules">, method: string, { literal }: PathReadings): boolean {
  return namesLastSegment(writtenRule(rules, method, literal));
}

function writtenRule(rules: readonly Rule[], method: string, literal: Segments): Rule | undefined {
  return rules.find((rule) => coversMethod(rule, method) && matchesPattern(rule.pattern, literal));
}

/**
 * The rules that may apply to a folded path: the first that matches, and later ones with another spelling (`/Admin/*` and
 * `/admin/*`), because either may be the server's spelling. Undefined: no rule.
 */
function rulesMeant(rules: readonly Rule[], method: string, segments: Segments): (Rule | undefined)[] {
  const found: Rule[] = [];
  for (const rule of rules) {
    if (!coversMethod(rule, method) || !matchesPattern(folded(rule.pattern), segments)) continue;
    if (found.every((earlier) => isSpelledApart(earlier.pattern, rule.pattern))) found.push(rule);
    if (areFolded(rules)) break;
  }
  return found.length === 0 ? [undefined] : found;
}

/** Whether two patterns that match one folded path spell a segment of it differently. */
function isSpelledApart(a: RoutePattern, b: RoutePattern): boolean {
  return a.segments.some((segment, index) => {
    const other = b.segments[index];
    return typeof segment === "string" && typeof other === "string" && segment !== other;
  });
}

/** The match that requires everything the others do, if there is one. */
function strictest(found: readonly (Rule | undefined)[], unmatched: Service["unmatched"]): RuleMatch {
  // Search for the index: the strictest match may be undefined (no rule).
  const index = found.findIndex((rule) => found.every((other) => asksForAllOf(rule, other, unmatched)));
  return index < 0 ? { kind: "ambiguous" } : needOf(found[index], unmatched);
}

function needOf(rule: Rule | undefined, unmatched: Service["unmatched"]): RuleMatch {
  if (rule === undefined)
    return unmatched === "deny" ? { kind: "deny" } : { kind: "authorize", ruleName: AUTHENTICATE_RULE };
  return rule.access.kind === "public" ? { kind: "public" } : { kind: "authorize", ruleName: rule.name };
}

/** Whether every request that `strict` allows is allowed by `lax` too. Undefined: no rule matches. */
function asksForAllOf(strict: Rule | undefined, lax: Rule | undefined, unmatched: Service["unmatched"]): boolean {
  if (strict === lax || (strict === undefined && unmatched === "deny")) return true;
  if (lax?.access.kind === "public") return true;
  if (strict?.access.kind === "public" || (lax === undefined && unmatched === "deny")) return false;
  // A server that gets patterns may answer differently for each, whatever scopes the rules require.
  if (lax?.sentUri !== undefined && lax.sentUri !== strict?.sentUri) return false;
  return requiresAllOf(strict?.access ?? NOTHING_MORE, lax?.access ?? NOTHING_MORE);
}

const NOTHING_MORE: Requirements = { scopes: { allOf: [], anyOf: [] }, claims: [] };

function namesLastSegment(rule: Rule | undefined): boolean {
  return rule !== undefined && !rule.pattern.rest && typeof rule.pattern.segments.at(-1) === "string";
}

function coversMethod(rule: Rule, method: string): boolean {
  if (rule.methods === undefined || rule.methods.includes(method)) return true;
  return method === "HEAD" && rule.methods.includes("GET");
}

const foldedPatterns = new WeakMap<RoutePattern, RoutePattern>();

/** The pattern for folded segments; the same object if folding changes nothing. */
function folded(pattern: RoutePattern): RoutePattern {
  const known = foldedPatterns.get(pattern);
  if (known !== undefined) return known;
  const segments = pattern.segments.map((segment) => (segment === null ? null : foldSegment(segment)));
  const isSame = segments.every((segment, index) => segment === pattern.segments[index]);
  const result = isSame ? pattern : { segments, rest: pattern.rest };
  foldedPatterns.set(pattern, result);
  return result;
}

const foldedRules = new WeakMap<readonly Rule[], boolean>();

/** Whether folding changes none of the rules: then an ordinary path has only one match. */
function areFolded(rules: readonly Rule[]): boolean {
  let known = foldedRules.get(rules);
  if (known === undefined) {
    known = rules.every(({ pattern }) => folded(pattern) === pattern);
    foldedRules.set(rules, known);
  }
  return known;
}

function matchesPattern({ segments: wanted, rest }: RoutePattern, segments: Segments): boolean {
  if (rest ? segments.length < wanted.length : segments.length !== wanted.length) return false;
  for (let index = 0; index < wanted.length; index++) {
    const expected = wanted[index];
    const actual = segments[index];
    if (expected === undefined || actual === undefined) return false;
    if (expected === null ? actual === "" : expected !== actual) return false;
  }
  return true;
}

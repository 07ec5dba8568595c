import type { Route } from "./gateway.ts";
import { foldedPrefix, shareUpstream } from "./neighbours.ts";
import { prefixCovers } from "./path-syntax.ts";
import { describeFound, type Finding } from "./problems.ts";
import { shareHost, takesFrom } from "./route-overlap.ts";
import { parseRoutePattern } from "./route-pattern.ts";
import type { ParsedService } from "./schema/service.ts";

type NamedService = readonly [name: string, service: ParsedService];

/** Finds conflicts between the routes of services and the operator's pages. Paths start at the root. */
export function checkRoutes(operatorPrefix: string, services: readonly NamedService[]): Finding[] {
  return [
    ...checkClaims(
      operatorPrefix,
      services.map(([name, { route }]) => [name, route]),
    ),
    ...checkSpellings(services),
    ...checkReach(operatorPrefix, services),
  ];
}

/** Routes that collide with the operator's pages or with each other. */
function checkClaims(operatorPrefix: string, routes: readonly (readonly [service: string, route: Route])[]): Finding[] {
  const findings: Finding[] = [];
  for (const [index, [name, route]] of routes.entries()) {
    if (overlapsOperator(route.prefix, operatorPrefix)) {
      const allowed = `a prefix that does not overlap the operator's, ${JSON.stringify(operatorPrefix)} (operator.prefix)`;
      findings.push({ path: ["services", name, "route", "prefix"], found: describeFound(route.prefix), allowed });
    }
    const rival = routes.slice(0, index).find(([, other]) => claimsSame(route, other));
    if (rival === undefined) continue;
    const found = `${describeRoute(route)}, which services.${rival[0]} claims too`;
    findings.push({
      path: ["services", name, "route"],
      found,
      allowed:
        "a route of its own: another prefix or other hosts; a longer prefix or a more specific host may overlap and wins",
    });
  }
  return findings;
}

/** `/` never overlaps: it covers only paths that are not the operator's. */
function overlapsOperator(prefix: string, operatorPrefix: string): boolean {
  if (prefix === "/") return false;
  return prefixCovers(operatorPrefix, prefix) || prefixCovers(prefix, operatorPrefix);
}

/** True if findService could not tell the two apart: equal prefixes, and a common host (or neither names any). */
function claimsSame(a: Route, b: Route): boolean {
  return a.prefix === b.prefix && shareHost(a, b);
}

function describeRoute(route: Route): string {
  const hosts = route.hosts.length === 0 ? "any host" : route.hosts.join(", ");
  return `prefix ${JSON.stringify(route.prefix)} on ${hosts}`;
}

/** Prefixes that one server may treat as the same: it would be unclear which service decides. */
function checkSpellings(services: readonly NamedService[]): Finding[] {
  const lenient = services.filter(([, { paths }]) => paths === "lenient");
  return lenient.flatMap(([name, { route, upstream }], index): Finding[] => {
    const twin = lenient
      .slice(0, index)
      .find(
        ([, other]) =>
          other.route.prefix !== route.prefix &&
          foldedPrefix(other.route.prefix).join("/") === foldedPrefix(route.prefix).join("/") &&
          shareHost(route, other.route) &&
          shareUpstream(upstream, other.upstream),
      );
    if (twin === undefined) return [];
    const found = `${describeFound(route.prefix)}, which lenient servers cannot tell from services.${twin[0]}`;
    const allowed = 'another prefix, or paths: "literal" for both if their upstream can tell them apart';
    return [{ path: ["services", name, "route", "prefix"], found, allowed }];
  });
}

/** Rules for paths that belong to another service or the operator: they would protect nothing. */
function checkReach(operatorPrefix: string, services: readonly NamedService[]): Finding[] {
  return services.flatMap(([name, { route, rules }]) => {
    const others = services.filter(([, other]) => takesFrom(other.route, route));
    return rules.flatMap((rule, index): Finding[] => {
      const fixed = fixedPath(rule.path);
      const owner = prefixCovers(operatorPrefix, fixed)
        ? `the operator's (operator.prefix ${JSON.stringify(operatorPrefix)})`
        : others
            .filter(([, other]) => prefixCovers(other.route.prefix, fixed))
            .map(([other]) => `services.${other}'s`)[0];
      if (owner === undefined) return [];
      const path = ["services", name, "rules", index, "path"];
      return [
        { path, found: describeFound(rule.path), allowed: `a path that this service owns; this one is ${owner}` },
      ];
    });
  });
}

/** The path up to its first parameter or `*`. */
function fixedPath(path: string): string {
  const parsed = parseRoutePattern(path);
  const segments = parsed.ok ? parsed.pattern.segments : [];
  const end = segments.indexOf(null);
  return `/${segments.slice(0, end < 0 ? segments.length : end).join("/")}`;
}

import type { Operator, Route } from "./gateway.ts";
import { foldedPrefix, shareUpstream } from "./neighbours.ts";
import { isOperatorPath, pagesOutside } from "./operator-paths.ts";
import { prefixCovers } from "./path-syntax.ts";
import { describeFound, type Finding } from "./problems.ts";
import { metadataPath } from "./resource-metadata.ts";
import { coversHosts, shareHost, takesFrom } from "./route-overlap.ts";
import { parseRoutePattern } from "./route-pattern.ts";
import type { ParsedService } from "./schema/service.ts";

type NamedService = readonly [name: string, service: ParsedService];

/** Finds conflicts between the routes of services and the operator's pages. Paths start at the root. */
export function checkRoutes(operator: Operator, services: readonly NamedService[]): Finding[] {
  return [
    ...checkClaims(
      operator.prefix,
      services.map(([name, { route }]) => [name, route]),
    ),
    ...services.flatMap(([name, { route }]) => checkReserved(operator, name, route)),
    ...checkSpellings(services),
    ...checkReach(operator, services),
    ...services.flatMap((described) => checkMetadata(operator, described, services)),
  ];
}

/** Metadata that the operator's pages would hide; routes and rules that the metadata leave nothing of. */
function checkMetadata(operator: Operator, [name, described]: NamedService, services: readonly NamedService[]) {
  if (described.resource === undefined) return [];
  const own = metadataPath(described.route);
  const allowed = `a path that is not ${JSON.stringify(own)}, where the gateway publishes services.${name}.resource`;
  const findings: Finding[] = [];
  if (isOperatorPath(operator, own)) {
    const found = `metadata at ${JSON.stringify(own)}, a path of the operator's pages`;
    findings.push({ path: ["services", name, "resource"], found, allowed: "operator paths outside of /.well-known" });
  }
  for (const [other, { route, rules }] of services) {
    if (!coversHosts(described.route, route)) continue;
    const { prefix } = route;
    if (prefix === own) {
      findings.push({ path: ["services", other, "route", "prefix"], found: describeFound(prefix), allowed });
    }
    for (const [index, { path }] of rules.entries()) {
      if (path !== own) continue;
      findings.push({ path: ["services", other, "rules", index, "path"], found: describeFound(path), allowed });
    }
  }
  return findings;
}

/** Routes that the operator's host and the pages outside the prefix would leave nothing of. */
function checkReserved(operator: Operator, name: string, { prefix, hosts }: Route): Finding[] {
  const path = ["services", name, "route"];
  const findings: Finding[] = pagesOutside(operator)
    .filter((page) => prefixCovers(page.path, prefix))
    .map((page) => ({
      path: [...path, "prefix"],
      found: describeFound(prefix),
      allowed: `a prefix that is not operator.${page.name}, ${JSON.stringify(page.path)}, or below it; or set operator.${page.name} to another path or to false`,
    }));
  const index = operator.host === undefined ? -1 : hosts.indexOf(operator.host);
  if (index >= 0) {
    const allowed = "a host other than operator.host, where only the operator's pages answer";
    findings.push({ path: [...path, "hosts", index], found: describeFound(hosts[index]), allowed });
  }
  return findings;
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
function checkReach(operator: Operator, services: readonly NamedService[]): Finding[] {
  return services.flatMap(([name, { route, rules }]) => {
    const others = services.filter(([, other]) => takesFrom(other.route, route));
    return rules.flatMap((rule, index): Finding[] => {
      const owner = operatorOwning(operator, rule.path) ?? serviceOwning(others, fixedPath(rule.path));
      if (owner === undefined) return [];
      const path = ["services", name, "rules", index, "path"];
      return [
        { path, found: describeFound(rule.path), allowed: `a path that this service owns; this one is ${owner}` },
      ];
    });
  });
}

function serviceOwning(services: readonly NamedService[], path: string): string | undefined {
  const owner = services.find(([, { route }]) => prefixCovers(route.prefix, path));
  return owner && `services.${owner[0]}'s`;
}

/** A page outside the prefix owns only its own path, nothing below it. */
function operatorOwning(operator: Operator, path: string): string | undefined {
  if (prefixCovers(operator.prefix, fixedPath(path))) {
    return `the operator's (operator.prefix ${JSON.stringify(operator.prefix)})`;
  }
  const page = pagesOutside(operator).find((own) => own.path === path);
  return (
    page &&
    `the operator's (operator.${page.name} ${JSON.stringify(page.path)}; set it to another path, or to false to switch the page off)`
  );
}

/** The path up to its first parameter or `*`. */
function fixedPath(path: string): string {
  const parsed = parseRoutePattern(path);
  const segments = parsed.ok ? parsed.pattern.segments : [];
  const end = segments.indexOf(null);
  return `/${segments.slice(0, end < 0 ? segments.length : end).join("/")}`;
}

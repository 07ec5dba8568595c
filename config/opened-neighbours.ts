import type { Rule, Service } from "./gateway.ts";
import { foldedPrefix, shareUpstream } from "./neighbours.ts";
import type { Segments } from "./path-readings.ts";
import { prefixCovers } from "./path-syntax.ts";
import { shareHost, takesFrom } from "./route-overlap.ts";
import { patternCovers, patternsOverlap, type RoutePattern } from "./route-pattern.ts";

/**
 * Warnings about public rules, or services that only report, through which a client reaches paths that another service in front
 * of the same upstream protects: through another host name, or through another path, because a service strips its prefix or adds a path.
 */
export function openedNeighbours(services: readonly Service[]): string[] {
  return services.flatMap((service) =>
    services.flatMap((other) => {
      if (other === service || !shareUpstream(other.upstream, service.upstream) || isPublic(other)) return [];
      const path = pathInto(service, other, services);
      const opening = path === undefined ? undefined : openingBelow(service, path);
      if (opening === undefined) return [];
      return [
        `services.${service.name}.${opening} clients reach, under ${path}, paths that services.${other.name} protects, because both lead to the same path of one upstream`,
      ];
    }),
  );
}

/** The path of a service that leads to another service's upstream path; undefined if there is none. */
function pathInto(service: Service, other: Service, services: readonly Service[]): string | undefined {
  // A bound Worker and a handler see the host and may serve another site for each.
  if (!("url" in service.upstream) && !shareHost(service.route, other.route)) return undefined;
  const [from, to] = [placeOf(service), placeOf(other)];
  if (!from.every((segment, index) => segment === to[index])) return undefined;
  const { prefix } = service.route;
  const path = `/${[...(prefix === "/" ? [] : [prefix.slice(1)]), ...to.slice(from.length)].join("/")}`;
  const isTaken = services.some(({ route }) => takesFrom(route, service.route) && prefixCovers(route.prefix, path));
  return isTaken ? undefined : path;
}

/** The path on the upstream under which a service's requests arrive. */
function placeOf({ upstream, route }: Service): Segments {
  const base = "url" in upstream ? new URL(upstream.url).pathname : "/";
  return [...foldedPrefix(base), ...(route.stripPrefix ? [] : foldedPrefix(route.prefix))];
}

/** What lets requests under the path pass without a decision. */
function openingBelow({ rules, enforcement }: Service, path: string): string | undefined {
  if (enforcement.mode === "report-only") return "enforcement: while it only reports,";
  const open = rules.findIndex((rule) => isOpenBelow(rule, path));
  return open < 0 ? undefined : `rules[${open}]: through the public path ${rules[open]?.path}`;
}

function isPublic({ rules, route, enforcement }: Service): boolean {
  if (enforcement.mode === "report-only") return true;
  const all = below(route.prefix);
  return rules.some(
    ({ access, methods, pattern }) => access.kind === "public" && methods === undefined && patternCovers(pattern, all),
  );
}

function isOpenBelow({ access, pattern }: Rule, path: string): boolean {
  return access.kind === "public" && patternsOverlap(pattern, below(path));
}

function below(path: string): RoutePattern {
  return { segments: path === "/" ? [] : path.slice(1).split("/"), rest: true };
}

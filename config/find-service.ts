import type { Gateway, Route, Service } from "./gateway.ts";
import { isOperatorPath } from "./operator-paths.ts";
import { prefixCovers } from "./path-syntax.ts";

/**
 * The service a request belongs to, or undefined.
 *
 * `host` is the authority as received (case, port and a final dot do not matter), `path` the raw canonical path.
 * A service is a candidate if its prefix matches and it has no hosts or one that matches. Among candidates
 *
 * 1. the more specific host wins: an exact name, then the longest `*.` name, then a service for any host;
 * 2. then the longer prefix.
 *
 * Two candidates cannot tie, because the gateway refuses services with an equal host and prefix at start. The operator's
 * paths and host belong to no service.
 */
export function findService(gateway: Gateway, host: string, path: string): Service | undefined {
  const { operator } = gateway;
  if (isOperatorPath(operator, path)) return undefined;
  if (operator.host !== undefined && hostName(host) === operator.host) return undefined;
  return findServiceWhere(gateway.services, host, ({ prefix }) => prefixCovers(prefix, path));
}

/** The same for a given list of services and any path match. */
export function findServiceWhere(
  services: readonly Service[],
  host: string,
  covers: (route: Route) => boolean,
): Service | undefined {
  const name = hostName(host);
  let best: Service | undefined;
  let bestHost = -1;
  for (const service of services) {
    const { route } = service;
    if (!covers(route)) continue;
    const specificity = hostSpecificity(route, name);
    if (specificity === undefined || specificity < bestHost) continue;
    if (specificity === bestHost && best !== undefined && route.prefix.length < best.route.prefix.length) continue;
    best = service;
    bestHost = specificity;
  }
  return best;
}

/** The host without port and final dot, in lower case. */
function hostName(host: string): string {
  const withoutPort = host.replace(/:\d*$/, "");
  return (withoutPort.endsWith(".") ? withoutPort.slice(0, -1) : withoutPort).toLowerCase();
}

/** How precisely a route names the host: higher is more precise, undefined if it does not cover the host. */
function hostSpecificity(route: Route, name: string): number | undefined {
  if (route.hosts.length === 0) return 0;
  let best: number | undefined;
  for (const pattern of route.hosts) {
    if (pattern === name) return Number.POSITIVE_INFINITY;
    if (pattern.startsWith("*.") && name.length > pattern.length - 1 && name.endsWith(pattern.slice(1))) {
      best = Math.max(best ?? 0, pattern.length);
    }
  }
  return best;
}

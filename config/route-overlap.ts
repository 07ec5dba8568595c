import type { Route } from "./gateway.ts";
import { prefixCovers } from "./path-syntax.ts";

/** Whether two routes name the same host, or both name none. Hosts are compared as texts: `*.` patterns are not expanded. */
export function shareHost(a: Route, b: Route): boolean {
  if (a.hosts.length === 0 || b.hosts.length === 0) return a.hosts.length === b.hosts.length;
  return a.hosts.some((host) => b.hosts.includes(host));
}

/** Whether `other` has a longer prefix below that of `route` and takes its paths from it, on each host of `route`. */
export function takesFrom(other: Route, route: Route): boolean {
  if (other.prefix.length <= route.prefix.length || !prefixCovers(route.prefix, other.prefix)) return false;
  return coversHosts(other, route);
}

/** Whether `other` names each host of `route`; if that names none, neither may `other`. */
export function coversHosts(other: Route, route: Route): boolean {
  return route.hosts.length === 0 ? other.hosts.length === 0 : route.hosts.every((host) => other.hosts.includes(host));
}

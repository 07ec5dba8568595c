import type { Route } from "./gateway.ts";
import { prefixCovers } from "./path-syntax.ts";

/** Whether two routes share a host text, or both name none. */
export function shareHost(a: Route, b: Route): boolean {
  if (a.hosts.length === 0 || b.hosts.length === 0) return a.hosts.length === b.hosts.length;
  return a.hosts.some((host) => b.hosts.includes(host));
}

/** Whether every request for the longer prefix goes to `other`, on all hosts of `route`. */
export function takesFrom(other: Route, route: Route): boolean {
  if (other.prefix.length <= route.prefix.length || !prefixCovers(route.prefix, other.prefix)) return false;
  return route.hosts.length === 0 ? other.hosts.length === 0 : route.hosts.every((host) => other.hosts.includes(host));
}

import { findServiceWhere } from "./find-service.ts";
import type { Gateway, Service, Upstream } from "./gateway.ts";
import { matchReadings } from "./match-rule.ts";
import { foldSegment, type PathReadings, readPath, type Segments } from "./path-readings.ts";

/**
 * Whether the service's upstream may take the path for one that another service in front of the same upstream protects:
 * `/Admin/users` for `/admin/users`. Then neither service's decision is the right one.
 *
 * @param host authority as received
 * @param path raw canonical path
 */
export function belongsToNeighbour(
  gateway: Gateway,
  service: Service,
  host: string,
  method: string,
  path: string,
): boolean {
  if (service.paths === "literal" || !hasNeighbours(gateway, service)) return false;
  const readings = readPath(path);
  if (readings === undefined) return false;
  return [readings.lenient, readings.withoutSuffix].some((segments) => {
    if (segments === undefined) return false;
    const neighbour = findServiceWhere(gateway, host, ({ prefix }) => startsWith(segments, foldedPrefix(prefix)));
    if (neighbour === undefined || neighbour === service || !shareUpstream(neighbour.upstream, service.upstream))
      return false;
    const reading: PathReadings = { literal: segments, lenient: [...segments], withoutSuffix: undefined };
    return matchReadings(neighbour, method, reading).kind !== "public";
  });
}

const withNeighbours = new WeakMap<Service, boolean>();

/** Whether another service shares the upstream: most requests need not look further. */
function hasNeighbours({ services }: Gateway, service: Service): boolean {
  let known = withNeighbours.get(service);
  if (known === undefined) {
    known = services.some((other) => other !== service && shareUpstream(other.upstream, service.upstream));
    withNeighbours.set(service, known);
  }
  return known;
}

function foldedPrefix(prefix: string): Segments {
  return prefix === "/" ? [] : prefix.slice(1).split("/").map(foldSegment);
}

function startsWith(segments: Segments, prefix: Segments): boolean {
  return prefix.every((segment, index) => segment === segments[index]);
}

/** Whether two services lead to one server, whatever the path that each puts before. */
export function shareUpstream(a: Upstream, b: Upstream): boolean {
  if ("binding" in a || "binding" in b) return "binding" in a && "binding" in b && a.binding === b.binding;
  return new URL(a.url).origin === new URL(b.url).origin;
}

import { findServiceWhere } from "./find-service.ts";
import type { Gateway, Service, Upstream } from "./gateway.ts";
import { isNamedFile, matchReadings } from "./match-rule.ts";
import { foldSegment, isOrdinary, readPath, type Segments } from "./path-readings.ts";

/** The services in front of one upstream, the service itself among them. */
interface Neighbourhood {
  readonly services: readonly Service[];
  readonly prefixes: ReadonlyMap<Service["route"], Segments>;
  /** Whether an ordinary path belongs to the same service folded or not. */
  readonly areFolded: boolean;
}

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
  if (service.paths === "literal") return false;
  const { services, prefixes, areFolded } = neighbourhoodOf(gateway, service);
  if (services.length === 1) return false;
  const readings = readPath(path);
  if (readings === undefined || (isOrdinary(readings) && areFolded)) return false;
  const isProtected = (segments: Segments) => {
    // Services with other upstreams are left out: this upstream knows nothing of what they take over.
    const neighbour = findServiceWhere(services, host, (route) => startsWith(segments, prefixes.get(route) ?? []));
    if (neighbour === undefined || neighbour === service) return false;
    return (
      matchReadings(neighbour, method, { literal: segments, lenient: [segments], withoutSuffix: [] }).kind !== "public"
    );
  };
  return (
    readings.lenient.some(isProtected) ||
    (readings.withoutSuffix.some(isProtected) && !isNamedFile(service, method, readings))
  );
}

const neighbourhoods = new WeakMap<Service, Neighbourhood>();

function neighbourhoodOf(gateway: Gateway, service: Service): Neighbourhood {
  const known = neighbourhoods.get(service);
  if (known !== undefined) return known;
  const services = gateway.services.filter(({ upstream }) => shareUpstream(upstream, service.upstream));
  const prefixes = new Map(services.map(({ route }) => [route, foldedPrefix(route.prefix)]));
  const areFolded = services.every(({ route }) => foldedPrefix(route.prefix).join("/") === route.prefix.slice(1));
  const result = { services, prefixes, areFolded };
  neighbourhoods.set(service, result);
  return result;
}

/** A prefix as it is compared with folded paths. */
export function foldedPrefix(prefix: string): Segments {
  return prefix === "/" ? [] : prefix.slice(1).split("/").map(foldSegment);
}

function startsWith(segments: Segments, prefix: Segments): boolean {
  return prefix.every((segment, index) => segment === segments[index]);
}

/** Host, and port where it is not the scheme's own; a dot at the end of the name changes nothing. */
function serverOf(url: string): string {
  return new URL(url).host.replace(/\.(?=:|$)/, "");
}

/** Whether two services lead to one server, whatever the path that each puts before; most answer http and https alike. */
export function shareUpstream(a: Upstream, b: Upstream): boolean {
  if ("binding" in a || "binding" in b) return "binding" in a && "binding" in b && a.binding === b.binding;
  return serverOf(a.url) === serverOf(b.url);
}

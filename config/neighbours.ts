import { findServiceWhere } from "./find-service.ts";
import type { Gateway, Service, Upstream } from "./gateway.ts";
import { isNamedFile, matchReadings } from "./match-rule.ts";
import { foldSegment, isOrdinary, readPath, type Segments } from "./path-readings.ts";

/** The services in front of one upstream, including the service itself. */
interface Neighbourhood {
  readonly services: readonly Service[];
  readonly prefixes: ReadonlyMap<Service["route"], Segments>;
  /** Whether folding changes none of the prefixes: then an ordinary path belongs to only one service. */
  readonly areFolded: boolean;
}

/**
 * Whether the service's upstream may read the path as one that another service in front of the same upstream protects:
 * `/Admin/users` as `/admin/users`. Then neither service can decide.
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
    // Services with other upstreams are left out: this upstream does not know that they take some of its paths.
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

/** A prefix in the form that is compared with folded paths. */
export function foldedPrefix(prefix: string): Segments {
  return prefix === "/" ? [] : prefix.slice(1).split("/").map(foldSegment);
}

function startsWith(segments: Segments, prefix: Segments): boolean {
  return prefix.every((segment, index) => segment === segments[index]);
}

/** Host, and port if it is not the scheme's default; without a dot at the end of the name. */
function serverOf(url: string): string {
  return new URL(url).host.replace(/\.(?=:|$)/, "");
}

/**
 * Whether two services lead to one server, or to the same object in this Worker. Ignores the upstreams' paths and the scheme:
 * most servers answer http and https.
 */
export function shareUpstream(a: Upstream, b: Upstream): boolean {
  if ("handler" in a || "handler" in b) return "handler" in a && "handler" in b && a.handler === b.handler;
  if ("binding" in a || "binding" in b) return "binding" in a && "binding" in b && a.binding === b.binding;
  return serverOf(a.url) === serverOf(b.url);
}

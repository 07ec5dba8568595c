import { findService } from "./find-service.ts";
import type { Gateway, ProtectedResource, Route, Service } from "./gateway.ts";

const WELL_KNOWN = "/.well-known/oauth-protected-resource";

/** Where a service's metadata are, on each of its hosts: its prefix comes after the well-known path (RFC 9728 3.1). */
export function metadataPath({ prefix }: Pick<Route, "prefix">): string {
  return prefix === "/" ? WELL_KNOWN : WELL_KNOWN + prefix;
}

/** A service that publishes metadata. */
export type DescribedService = Service & { readonly resource: ProtectedResource };

/** Whether the service publishes metadata. */
export function isDescribed(service: Service | undefined): service is DescribedService {
  return service?.resource !== undefined;
}

/**
 * The service whose metadata are at this path: the one to which its own prefix belongs on this host. Any service could have the
 * path itself in its route; the metadata come first.
 */
export function findDescribed(gateway: Gateway, host: string, path: string): DescribedService | undefined {
  if (!path.startsWith(WELL_KNOWN)) return undefined;
  const service = findService(gateway, host, path.slice(WELL_KNOWN.length) || "/");
  return isDescribed(service) && metadataPath(service.route) === path ? service : undefined;
}

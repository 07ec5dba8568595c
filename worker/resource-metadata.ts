import type { Credential, Service } from "../config/index.ts";
import type { DescribedService } from "../config/resource-metadata.ts";
import { errorResponse } from "./replies.ts";
import type { Target } from "./request-target.ts";

/** How long clients and caches may keep the metadata: so long a change takes to reach them. */
const MAX_AGE_SECONDS = 300;

/** Clients in browsers read it too, from any page: it is public and carries no credentials. */
const OPEN_TO_ALL = { "access-control-allow-origin": "*" };

/** Some clients add headers of their own, such as `MCP-Protocol-Version`, and browsers then ask first. */
const PREFLIGHT_HEADERS = {
  ...OPEN_TO_ALL,
  "access-control-allow-methods": "GET, HEAD",
  "access-control-allow-headers": "*",
  "access-control-max-age": "86400",
};

/**
 * The metadata of a protected resource (RFC 9728 3.2). `resource` is where the client reached it: it must be the address that the
 * client began with, so each host of a service has its own (3.3).
 */
export function metadataReply(
  method: string,
  { scheme, host }: Pick<Target, "scheme" | "host">,
  { route, resource, filterKind }: DescribedService,
): Response {
  if (method === "OPTIONS") return new Response(null, { status: 204, headers: PREFLIGHT_HEADERS });
  if (method !== "GET" && method !== "HEAD") {
    return errorResponse(405, "method_not_allowed", { ...OPEN_TO_ALL, allow: "GET, HEAD, OPTIONS" });
  }
  const { authorizationServers, scopes, name, documentation } = resource;
  const methods = bearerMethods(filterKind);
  // A field without values is left out.
  const metadata = {
    resource: `${scheme}://${host}${route.prefix === "/" ? "" : route.prefix}`,
    authorization_servers: authorizationServers,
    ...(scopes === undefined ? {} : { scopes_supported: scopes }),
    ...(methods.length === 0 ? {} : { bearer_methods_supported: methods }),
    ...(name === undefined ? {} : { resource_name: name }),
    ...(documentation === undefined ? {} : { resource_documentation: documentation }),
  };
  return Response.json(metadata, {
    headers: { ...OPEN_TO_ALL, "cache-control": `public, max-age=${MAX_AGE_SECONDS}` },
  });
}

/** The ways of RFC 6750 2 in which the service takes a token. What a filter of one's own takes is not known. */
function bearerMethods(filterKind: Service["filterKind"]): string[] {
  if (filterKind.kind === "other") return [];
  const methods = filterKind.credentials.flatMap(bearerMethod);
  return [...new Set(methods)];
}

function bearerMethod(credential: Credential): string[] {
  if (credential.from === "authorization" && credential.schemes.includes("bearer")) return ["header"];
  return credential.from === "query" && credential.name === "access_token" ? ["query"] : [];
}

import type { Service } from "../config/index.ts";
import { type Env, serviceBinding } from "../durable/environment.ts";
import type { HeaderChange } from "../wasm/host/index.ts";
import type { Incoming } from "./incoming.ts";
import { rateLimitedLog } from "./rate-limited-log.ts";
import { errorResponse, type Outcome } from "./replies.ts";
import { upstreamHeaders } from "./request-headers.ts";
import type { Target } from "./request-target.ts";

/**
 * Sends a request that may pass. If the client asked for a WebSocket, it goes on as a handshake only if it is still a GET
 * without a body after the filter's changes.
 *
 * @param changes the filter's, or "public" for a request that no filter has seen
 * @param body the client's, or the filter's version of it
 * @throws TypeError if the filter set a header that no request can have
 */
export async function sendUpstream(
  { request, env, service, target, client, body: clientBody, asksWebSocket }: Incoming,
  changes: readonly HeaderChange[] | "public",
  body: BodyInit | null,
  signal?: AbortSignal,
): Promise<Outcome> {
  const isPublic = changes === "public";
  const upstream = upstreamOf(env, service, target, isPublic);
  if (upstream === undefined) {
    rateLimitedLog.error(`${service.name}: the upstream's service binding does not exist in this environment`);
    return { ok: false, reply: errorResponse(503, "upstream_binding_missing") };
  }
  const method = changed(changes, ":method") ?? request.method;
  const headers = upstreamHeaders(request.headers, {
    identityHeaders: service.identityHeaders,
    changes: isPublic ? [] : changes,
    ...client,
    websocket: asksWebSocket && method === "GET" && body === null,
  });
  // The client's content-length is only right for the client's body.
  if (body === null || body !== clientBody) headers.delete("content-length");
  const path = changed(changes, ":path") ?? pathForUpstream(service, target);
  // The path is appended to the upstream's origin: "@host" or ".host" would change the origin.
  if (!path.startsWith("/")) return { ok: false, reply: errorResponse(503, "invalid_path_from_filter") };
  try {
    const init = { method, headers, body, redirect: "manual" } as const;
    const url = `${upstream.baseUrl}${path}`;
    return { ok: true, response: await upstream.send(url, signal === undefined ? init : { ...init, signal }) };
  } catch (error) {
    // Without its message, which can hold the URL with its query.
    rateLimitedLog.error(
      `${service.name}: the upstream did not answer: ${error instanceof Error ? error.name : "error"}`,
    );
    return { ok: false, reply: errorResponse(502, "upstream_unreachable") };
  }
}

/** Cloudflare's cache does not distinguish clients: one client's response must not be cached for the next. */
const UNSHARED = { cache: "no-store" } as const;

interface Upstream {
  /** Origin and the upstream's path prefix, if any; without a trailing slash. */
  readonly baseUrl: string;
  readonly send: (url: string, init: RequestInit) => Promise<Response>;
}

function upstreamOf(env: Env, service: Service, target: Target, isPublic: boolean): Upstream | undefined {
  if ("url" in service.upstream) {
    const cache = isPublic ? {} : UNSHARED;
    return { baseUrl: service.upstream.url, send: (url, init) => fetch(url, { ...init, ...cache }) };
  }
  const binding = serviceBinding(env, service.upstream.binding);
  // A bound Worker has no address of its own: it sees the one in the client's request.
  return binding && { baseUrl: `${target.scheme}://${target.host}`, send: (url, init) => binding.fetch(url, init) };
}

function pathForUpstream(service: Service, target: Target): string {
  const { prefix, stripPrefix } = service.route;
  const path = stripPrefix && prefix !== "/" ? target.path.slice(prefix.length) || "/" : target.path;
  return path + target.query;
}

/** The value that a filter set for a pseudo header to rewrite the request. */
function changed(changes: readonly HeaderChange[] | "public", name: string): string | undefined {
  return changes === "public" ? undefined : changes.find((change) => change.name === name)?.values[0];
}

import type { Service } from "../config/index.ts";
import { missingBinding } from "../config/needed-bindings.ts";
import { serviceBinding } from "../durable/environment.ts";
import type { HeaderChange } from "../wasm/host/index.ts";
import { upstreamAuthorization } from "./credentials/upstream-authorization.ts";
import { answerOfHandler, discardUnread, HandlerFailure } from "./handler.ts";
import type { Incoming } from "./incoming.ts";
import { rateLimitedLog } from "./rate-limited-log.ts";
import { errorResponse, type Outcome } from "./replies.ts";
import { toUpstream } from "./request-headers.ts";
import type { Target } from "./request-target.ts";

/**
 * The filter's changes to a request; or `public` for one that no filter has seen, and `preflight` for one that carries no credential,
 * neither the client's nor the gateway's.
 */
export type Passing = readonly HeaderChange[] | "public" | "preflight";

/**
 * Sends a request that may pass. If the client asked for a WebSocket, it goes on as a handshake only if it is still a GET
 * without a body after the filter's changes.
 *
 * @param body the client's, or the filter's version of it
 * @throws TypeError if the filter set a header that no request can have
 */
export async function sendUpstream(
  incoming: Incoming,
  changes: Passing,
  body: BodyInit | null,
  signal?: AbortSignal,
): Promise<Outcome> {
  const { request, env, service, target, client } = incoming;
  const isPublic = typeof changes === "string";
  const own = changes === "preflight" ? [] : upstreamAuthorization(service, env, request.headers);
  if (own === "secret_missing") return { ok: false, reply: errorResponse(503, own) };
  const upstream = upstreamOf(incoming, isPublic);
  if (upstream === undefined) {
    const name = "binding" in service.upstream ? service.upstream.binding : "";
    const field = `services.${service.name}.upstream.binding`;
    rateLimitedLog.error(`${service.name}: ${missingBinding({ kind: "service", name, field })}`);
    return { ok: false, reply: errorResponse(503, "upstream_binding_missing") };
  }
  const pathOfFilter = changed(changes, ":path");
  const stripped = pathOfFilter === undefined ? strippedPrefix(service) : undefined;
  const path = pathOfFilter ?? pathForUpstream(target, stripped);
  // The path is appended to the upstream's origin: "@host" or ".host" would change the origin.
  if (!path.startsWith("/")) return { ok: false, reply: errorResponse(503, "invalid_path_from_filter") };
  const method = changed(changes, ":method") ?? incoming.method;
  const url = `${upstream.baseUrl}${path}`;
  const init = signal === undefined ? upstream.init : { ...upstream.init, signal };
  // If only headers change, a copy of the client's request is the fastest way to the upstream.
  const isCopy = url === incoming.url && method === incoming.method && body === null && incoming.hasNoStream;
  const copy = isCopy ? new Request(request, init) : undefined;
  const headers = copy?.headers ?? new Headers(request.headers);
  toUpstream(headers, request.headers, {
    service,
    strippedPrefix: stripped,
    changes: isPublic ? own : own.length === 0 ? changes : [...changes, ...own],
    ...client,
    websocket: incoming.asksWebSocket && method === "GET" && body === null,
    // The client's is only right for the client's body.
    keepsLength: body !== null && body === incoming.body,
  });
  let sent: Request | undefined;
  let response: Response | undefined;
  try {
    sent = copy ?? new Request(url, { ...init, method, headers, body, redirect: "manual" });
    response = await upstream.fetcher.fetch(sent);
    return { ok: true, response };
  } catch (error) {
    if (error instanceof HandlerFailure) {
      rateLimitedLog.error(`${service.name}: the handler ${error.message}`);
      return { ok: false, reply: errorResponse(502, "upstream_failed") };
    }
    // Without its message, which can hold the URL with its query.
    rateLimitedLog.error(
      `${service.name}: the upstream did not answer: ${error instanceof Error ? error.name : "error"}`,
    );
    return { ok: false, reply: errorResponse(502, "upstream_unreachable") };
  } finally {
    // A body that comes through the object would keep it waiting.
    if ("handler" in service.upstream && signal !== undefined && sent !== undefined) discardUnread(sent, response);
  }
}

/** Cloudflare's cache does not distinguish clients: one client's response must not be cached for the next. */
const UNSHARED = { cache: "no-store" } as const;

interface Upstream {
  /** Origin and the upstream's path prefix, if any; without a trailing slash. */
  readonly baseUrl: string;
  readonly fetcher: { fetch(request: Request): Promise<Response> };
  readonly init?: RequestInit;
}

const INTERNET: Upstream["fetcher"] = { fetch: (request) => fetch(request) };

function upstreamOf({ request, env, ctx, service, target }: Incoming, isPublic: boolean): Upstream | undefined {
  const { upstream } = service;
  if ("url" in upstream) {
    const ofUrl = { baseUrl: upstream.url, fetcher: INTERNET };
    return isPublic ? ofUrl : { ...ofUrl, init: UNSHARED };
  }
  // A bound Worker and a handler have no address of their own: they see the one in the client's request.
  const baseUrl = `${target.scheme}://${target.host}`;
  if ("handler" in upstream) {
    const { handler } = upstream;
    const { cf } = request;
    const fetcher = { fetch: (sent: Request) => answerOfHandler(handler, sent, env, ctx) };
    return { baseUrl, fetcher, ...(cf === undefined ? {} : { init: { cf: cf as RequestInitCfProperties } }) };
  }
  const fetcher = serviceBinding(env, upstream.binding);
  return fetcher && { baseUrl, fetcher };
}

function strippedPrefix({ route }: Service): string | undefined {
  return route.stripPrefix && route.prefix !== "/" ? route.prefix : undefined;
}

function pathForUpstream({ path, query }: Target, stripped = ""): string {
  return (path.slice(stripped.length) || "/") + query;
}

/** The value that a filter set for a pseudo header to rewrite the request. */
function changed(changes: Passing, name: string): string | undefined {
  return typeof changes === "string" ? undefined : changes.find((change) => change.name === name)?.values[0];
}

import type { Gateway, Service } from "../config/index.ts";
import { matchRule } from "../config/index.ts";
import { type Env, serviceBinding } from "../durable/environment.ts";
import { type Answer, type Respond, RPC_VERSION } from "../durable/rpc.ts";
import type { HeaderChange } from "../wasm/host/index.ts";
import { headersForFilter, type SeenOfClient, upstreamHeaders } from "./hygiene.ts";
import { isPreflight, preflightReply, withoutCredentials } from "./preflight.ts";
import { refuse } from "./replies.ts";
import type { Target } from "./route.ts";

/** Methods that `fetch` cannot send and no upstream behind a gateway should see. */
const REFUSED_METHODS: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);
const BODYLESS_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);
/** Statuses whose responses cannot have a body. */
const BODYLESS_STATUSES: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * One request's way: is it free, does it need a decision, and if that is favourable, on to the upstream. Whatever goes
 * wrong on the way ends in a refusal with a reason; nothing reaches the upstream undecided.
 */
export async function forward(
  request: Request,
  env: Env,
  gateway: Gateway,
  service: Service,
  target: Target,
): Promise<Response> {
  if (REFUSED_METHODS.has(request.method)) return refuse(405, "method_not_allowed");
  // The platform cannot send it on, and servers disagree where such a request ends.
  if (request.body !== null && BODYLESS_METHODS.has(request.method)) return refuse(400, "body_not_allowed");

  if (isPreflight(request) && service.preflight !== "authorize") {
    return service.preflight === "pass"
      ? sendUpstream(withoutCredentials(request), env, service, target, "public")
      : preflightReply(request, service.preflight.answer);
  }

  const rule = matchRule(service, request.method, target.path);
  if (rule.kind === "public") return sendUpstream(request, env, service, target, "public");
  if (rule.kind === "deny") return refuse(403, "no_rule");

  const head = headersForFilter(request.headers, service, seenOfClient(request, target));
  if (!head.ok) return refuse(head.reason === "headers_too_large" ? 431 : 400, head.reason);

  const answer = await decide(env, gateway, service, target, request, head.headers);
  switch (answer.kind) {
    case "continue":
      return sendUpstream(request, env, service, target, answer.changes);
    case "respond":
      return respond(answer);
    case "unavailable":
      console.error(`${service.name}: ${answer.reason}: ${answer.message}`);
      return refuse(503, answer.reason);
  }
}

async function decide(
  env: Env,
  gateway: Gateway,
  service: Service,
  target: Target,
  request: Request,
  headers: string[],
): Promise<Answer> {
  try {
    // Awaited here: a promise that left this function would reject outside the catch that closes the gate.
    return await env.SERVICE_OBJECT.getByName(service.name).decide({
      v: RPC_VERSION,
      configVersion: gateway.version,
      service: service.name,
      method: request.method,
      path: target.path,
      query: target.query,
      host: target.host,
      scheme: target.scheme,
      headers,
      source: { address: clientAddress(request) },
      endOfStream: request.body === null,
    });
  } catch (error) {
    return { kind: "unavailable", reason: "object_unreachable", message: String(error) };
  }
}

function respond(answer: Respond): Response {
  const headers = new Headers();
  for (let index = 0; index + 1 < answer.headers.length; index += 2) {
    headers.append(answer.headers[index]!, answer.headers[index + 1]!);
  }
  const hasBody = answer.body.byteLength > 0 && !BODYLESS_STATUSES.has(answer.status);
  if (answer.details !== "") headers.set("x-ebb-reason", answer.details);
  return new Response(hasBody ? answer.body : null, { status: answer.status, headers });
}

async function sendUpstream(
  request: Request,
  env: Env,
  service: Service,
  target: Target,
  changes: readonly HeaderChange[] | "public",
): Promise<Response> {
  const isPublic = changes === "public";
  const upstream = upstreamOf(env, service, target, isPublic);
  if (upstream === undefined) {
    console.error(`${service.name}: the upstream's service binding does not exist in this environment`);
    return refuse(503, "upstream_binding_missing");
  }
  const headers = upstreamHeaders(request.headers, {
    identityHeaders: service.identityHeaders,
    changes: isPublic ? [] : changes,
    ...seenOfClient(request, target),
    websocket: request.headers.get("upgrade")?.toLowerCase() === "websocket",
  });
  const path = changed(changes, ":path") ?? pathForUpstream(service, target);
  // Appended to the upstream's origin: "@host" or ".host" would make another one of it.
  if (!path.startsWith("/")) return refuse(503, "invalid_path_from_filter");
  const method = changed(changes, ":method") ?? request.method;
  try {
    return await upstream.send(`${upstream.baseUrl}${path}`, {
      method,
      headers,
      body: request.body,
      redirect: "manual",
    });
  } catch (error) {
    // Without its message, which can hold the URL and what its query says.
    console.error(`${service.name}: the upstream did not answer: ${error instanceof Error ? error.name : "error"}`);
    return refuse(502, "upstream_unreachable");
  }
}

/** Cloudflare's cache knows nothing of who asked: what one client may see must not be kept for the next. */
const UNSHARED = { cache: "no-store" } as const;

interface Upstream {
  /** Origin, and path prefix where the upstream has one; without a trailing slash. */
  readonly baseUrl: string;
  readonly send: (url: string, init: RequestInit) => Promise<Response>;
}

function upstreamOf(env: Env, service: Service, target: Target, isPublic: boolean): Upstream | undefined {
  if ("url" in service.upstream) {
    const cache = isPublic ? {} : UNSHARED;
    return { baseUrl: service.upstream.url, send: (url, init) => fetch(url, { ...init, ...cache }) };
  }
  const binding = serviceBinding(env, service.upstream.binding);
  // A bound Worker has no address of its own: it is shown the one the client asked for.
  return binding && { baseUrl: `${target.scheme}://${target.host}`, send: (url, init) => binding.fetch(url, init) };
}

function pathForUpstream(service: Service, target: Target): string {
  const { prefix, stripPrefix } = service.route;
  const path = stripPrefix && prefix !== "/" ? target.path.slice(prefix.length) || "/" : target.path;
  return path + target.query;
}

/** The value a filter gave to a pseudo header, by which it rewrites the request. */
function changed(changes: readonly HeaderChange[] | "public", name: string): string | undefined {
  return changes === "public" ? undefined : changes.find((change) => change.name === name)?.values[0];
}

function seenOfClient(request: Request, { host, scheme }: Target): SeenOfClient {
  return { clientIp: clientAddress(request), host, proto: scheme };
}

/** Set by Cloudflare's edge, which overwrites whatever a client sends under this name. */
function clientAddress(request: Request): string {
  return request.headers.get("cf-connecting-ip") ?? "";
}

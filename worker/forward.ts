import type { Gateway, Service } from "../config/index.ts";
import { matchRule } from "../config/index.ts";
import { type Env, serviceBinding } from "../durable/environment.ts";
import { type Answer, type Respond, RPC_VERSION } from "../durable/rpc.ts";
import type { HeaderChange } from "../wasm/host/index.ts";
import { headersForFilter, upstreamHeaders } from "./hygiene.ts";
import { isPreflight, preflightReply } from "./preflight.ts";
import { refuse } from "./replies.ts";
import type { Target } from "./route.ts";

/** Methods that `fetch` cannot send and no upstream behind a gateway should see. */
const REFUSED_METHODS: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);
const BODYLESS_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

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
      ? sendUpstream(request, env, service, target, [])
      : preflightReply(request, service.preflight.answer);
  }

  const rule = matchRule(service, request.method, target.path);
  if (rule.kind === "public") return sendUpstream(request, env, service, target, []);
  if (rule.kind === "deny") return refuse(403, "no_rule");

  const head = headersForFilter(request.headers, service);
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
  const hasBody = answer.body.byteLength > 0 && answer.status !== 204 && answer.status !== 304;
  if (answer.details !== "") headers.set("x-ebb-reason", answer.details);
  return new Response(hasBody ? answer.body : null, { status: answer.status, headers });
}

async function sendUpstream(
  request: Request,
  env: Env,
  service: Service,
  target: Target,
  changes: readonly HeaderChange[],
): Promise<Response> {
  const upstream = upstreamOf(env, service, target);
  if (upstream === undefined) {
    console.error(`${service.name}: the upstream's service binding does not exist in this environment`);
    return refuse(503, "upstream_binding_missing");
  }
  const headers = upstreamHeaders(request.headers, {
    identityHeaders: service.identityHeaders,
    changes,
    clientIp: clientAddress(request),
    host: target.host,
    proto: target.scheme,
    websocket: request.headers.get("upgrade")?.toLowerCase() === "websocket",
  });
  const path = changed(changes, ":path") ?? pathForUpstream(service, target);
  const method = changed(changes, ":method") ?? request.method;
  try {
    return await upstream.send(`${upstream.baseUrl}${path}`, {
      method,
      headers,
      body: request.body,
      redirect: "manual",
    });
  } catch (error) {
    console.error(`${service.name}: upstream: ${String(error)}`);
    return refuse(502, "upstream_unreachable");
  }
}

interface Upstream {
  /** Origin, and path prefix where the upstream has one; without a trailing slash. */
  readonly baseUrl: string;
  readonly send: (url: string, init: RequestInit) => Promise<Response>;
}

function upstreamOf(env: Env, service: Service, target: Target): Upstream | undefined {
  if ("url" in service.upstream) {
    return { baseUrl: service.upstream.url, send: (url, init) => fetch(url, init) };
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
function changed(changes: readonly HeaderChange[], name: string): string | undefined {
  return changes.find((change) => change.name === name)?.values[0];
}

/** Set by Cloudflare's edge, which overwrites whatever a client sends under this name. */
function clientAddress(request: Request): string {
  return request.headers.get("cf-connecting-ip") ?? "";
}

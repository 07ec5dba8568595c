import type { Gateway, Service } from "../config/index.ts";
import { matchRule } from "../config/index.ts";
import type { Env } from "../durable/environment.ts";
import { RPC_VERSION } from "../durable/rpc.ts";
import { type Decided, exchangeInStages } from "./exchange.ts";
import { headersForFilter } from "./hygiene.ts";
import { isPreflight, preflightReply, withoutCredentials } from "./preflight.ts";
import { refusal, refuse } from "./replies.ts";
import type { Target } from "./route.ts";
import { type Incoming, responseOf, seenOfClient, sendUpstream } from "./upstream.ts";

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
  ctx: Pick<ExecutionContext, "waitUntil">,
  gateway: Gateway,
  service: Service,
  target: Target,
): Promise<Response> {
  if (REFUSED_METHODS.has(request.method)) return refuse(405, "method_not_allowed");
  // The platform cannot send it on, and servers disagree where such a request ends.
  if (request.body !== null && BODYLESS_METHODS.has(request.method)) return refuse(400, "body_not_allowed");

  const incoming: Incoming = { request, env, service, target };
  if (isPreflight(request) && service.preflight !== "authorize") {
    return service.preflight === "pass"
      ? responseOf(sendUpstream({ ...incoming, request: withoutCredentials(request) }, "public", null))
      : preflightReply(request, service.preflight.answer);
  }

  const rule = matchRule(service, request.method, target.path);
  if (rule.kind === "public") return responseOf(sendUpstream(incoming, "public", request.body));
  if (rule.kind === "deny") return refuse(403, "no_rule");

  const head = headersForFilter(request.headers, service, seenOfClient(incoming));
  if (!head.ok) return refuse(head.reason === "headers_too_large" ? 431 : 400, head.reason);

  const answer = await decide(gateway, incoming, head.headers);
  switch (answer.kind) {
    case "continue":
      return responseOf(sendUpstream(incoming, answer.changes, request.body));
    case "continue_in_stages":
    case "body_first":
      return exchangeInStages(incoming, ctx, answer);
    case "respond":
    case "unavailable":
      return refusal(service.name, answer);
    default:
      // An object of a later deployment, whose answer this Worker cannot know.
      return refuse(503, "rpc_version");
  }
}

async function decide(
  gateway: Gateway,
  { request, env, service, target }: Incoming,
  headers: string[],
): Promise<Decided> {
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
      source: { address: seenOfClient({ request, target }).clientIp },
      endOfStream: request.body === null,
    });
  } catch (error) {
    return { kind: "unavailable", reason: "object_unreachable", message: String(error) };
  }
}

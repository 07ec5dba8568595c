import type { Gateway, Service } from "../config/index.ts";
import { belongsToNeighbour, matchRule } from "../config/index.ts";
import type { Env } from "../durable/environment.ts";
import { askObject } from "./ask-object.ts";
import { clientInfo } from "./client-info.ts";
import { openToListedOrigins } from "./cors.ts";
import type { EdgeCache } from "./edge/edge-cache.ts";
import { asksWebSocket, bodyOf, type Incoming } from "./incoming.ts";
import { isPreflight, preflightReply, withoutCredentials } from "./preflight.ts";
import { deniedResponse, errorResponse, internalError, type Outcome, replied } from "./replies.ts";
import type { Target } from "./request-target.ts";
import { exchangeInStages } from "./staged-forward.ts";
import { sendUpstream } from "./upstream.ts";

/** `fetch` cannot send these, and no upstream behind a gateway should see them. */
const REFUSED_METHODS: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);
const BODYLESS_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/** What all requests to one isolate share. */
export interface Front {
  readonly gateway: Gateway;
  readonly edge: EdgeCache;
}

/**
 * Handles one request: a public one goes straight to the upstream, any other only after a decision that allows it. Every
 * failure ends in a refusal with a reason. Without a decision only those requests reach the upstream that the configuration
 * lets pass: public ones, preflights under `preflight: "pass"`, and all under a service that fails open.
 */
export async function forward(
  request: Request,
  url: string,
  env: Env,
  ctx: Pick<ExecutionContext, "waitUntil">,
  { gateway, edge }: Front,
  service: Service,
  target: Target,
): Promise<Response> {
  const { method, headers, body: stream } = request;
  const body = bodyOf({ body: stream, headers });
  const incoming: Incoming = {
    request,
    url,
    method,
    env,
    service,
    target,
    client: clientInfo(request, target),
    body,
    hasNoStream: stream === null,
    asksWebSocket: asksWebSocket(method, headers, body),
  };
  const outcome = await outcomeOf(incoming, ctx, gateway, edge).catch(internalError);
  return outcome.ok ? outcome.response : openToListedOrigins(outcome.reply, request, service);
}

async function outcomeOf(
  incoming: Incoming,
  ctx: Pick<ExecutionContext, "waitUntil">,
  gateway: Gateway,
  edge: EdgeCache,
): Promise<Outcome> {
  const { request, method, service, target, body } = incoming;
  if (REFUSED_METHODS.has(method)) return replied(errorResponse(405, "method_not_allowed"));
  // The platform cannot send it on, and servers disagree about where such a request ends.
  if (body !== null && BODYLESS_METHODS.has(method)) return replied(errorResponse(400, "body_not_allowed"));

  if (belongsToNeighbour(gateway, service, target.host, method, target.path)) {
    return replied(errorResponse(400, "ambiguous_path"));
  }
  if (service.preflight !== "authorize" && isPreflight(incoming)) {
    return service.preflight === "pass"
      ? sendUpstream({ ...incoming, request: withoutCredentials(request, service) }, "public", null)
      : replied(preflightReply(request, service.preflight.answer));
  }

  const rule = matchRule(service, method, target.path);
  if (rule.kind === "deny") return replied(errorResponse(403, "no_rule"));
  if (rule.kind === "ambiguous") return replied(errorResponse(400, "ambiguous_path"));
  if (rule.kind === "public") return sendUpstream(incoming, "public", body);

  const answer = await askObject(gateway, incoming, (question, text) => edge.question(incoming, question, text, ctx));
  switch (answer.kind) {
    case "bad_headers":
      return replied(errorResponse(answer.reason === "headers_too_large" ? 431 : 400, answer.reason));
    case "continue":
      return sendUpstream(incoming, answer.changes, body);
    case "continue_in_stages":
    case "body_first":
      return exchangeInStages(incoming, ctx, answer);
    case "respond":
    case "unavailable":
      return replied(deniedResponse(service.name, answer));
    default:
      // An object of a later deployment may give an answer that this Worker does not know.
      return replied(errorResponse(503, "rpc_version"));
  }
}

import { belongsToNeighbour, type Service } from "../config/index.ts";
import type { Env } from "../durable/environment.ts";
import { withClientHeaders } from "./client-headers.ts";
import { clientInfo } from "./client-info.ts";
import { openToListedOrigins } from "./cors.ts";
import { isGivenTwice, isHiddenInPath, queryParameters, withoutParameters } from "./credentials/query-parameter.ts";
import { responseOf } from "./credentials/response.ts";
import { type Decided, decide } from "./decide.ts";
import type { DecisionRecord } from "./decisions/decision-log.ts";
import type { Front } from "./front.ts";
import { asksWebSocket, bodyOf, type Incoming } from "./incoming.ts";
import { isPreflight, preflightReply, withoutCredentials } from "./preflight.ts";
import { rateLimitedLog } from "./rate-limited-log.ts";
import { errorResponse, internalError, isFailureOfUpstream, type Outcome, replied } from "./replies.ts";
import { passesUnenforced } from "./report-only.ts";
import type { Target } from "./request-target.ts";
import { exchangeInStages } from "./staged-forward.ts";
import { sendUpstream } from "./upstream.ts";

/** `fetch` cannot send these, and no upstream behind a gateway should see them. */
const REFUSED_METHODS: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);
const BODYLESS_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/**
 * Handles one request: a public one goes straight to the upstream, any other only after a decision that allows it. Every
 * failure ends in a refusal with a reason. Without a decision only those requests reach the upstream that the configuration
 * lets pass: public ones, preflights under `preflight: "pass"`, and all under a service that fails open or only reports.
 */
export async function forward(
  request: Request,
  url: string,
  env: Env,
  ctx: ExecutionContext,
  front: Front,
  service: Service,
  target: Target,
): Promise<Response> {
  const { method, headers, body: stream } = request;
  const body = bodyOf({ body: stream, headers });
  const parameters = queryParameters(service);
  const query = withoutParameters(target.query, parameters);
  const incoming: Incoming = {
    request,
    url,
    method,
    env,
    ctx,
    service,
    target: query === target.query ? target : { ...target, query },
    receivedQuery: target.query,
    client: clientInfo(request, target),
    body,
    hasNoStream: stream === null,
    asksWebSocket: asksWebSocket(method, headers, body),
  };
  const reason = whyUnreadable(service, target, parameters);
  const outcome =
    reason === undefined
      ? await outcomeOf(incoming, ctx, front).catch(internalError)
      : replied(errorResponse(400, reason));
  return outcome.ok ? responseOf(incoming, outcome.response) : openToListedOrigins(outcome.reply, request, service);
}

/** Why servers would differ in the credential that they find in the URL. */
function whyUnreadable({ paths }: Service, { path, query }: Target, parameters: readonly string[]): string | undefined {
  if (isGivenTwice(query, parameters)) return "credential_given_twice";
  return paths !== "literal" && isHiddenInPath(path, parameters) ? "ambiguous_path" : undefined;
}

async function outcomeOf(received: Incoming, ctx: Pick<ExecutionContext, "waitUntil">, front: Front): Promise<Outcome> {
  const { request, method, service, target } = received;
  if (REFUSED_METHODS.has(method)) return replied(errorResponse(405, "method_not_allowed"));
  // The platform cannot send it on, and servers disagree about where such a request ends.
  if (received.body !== null && BODYLESS_METHODS.has(method)) return replied(errorResponse(400, "body_not_allowed"));

  if (belongsToNeighbour(front.gateway, service, target.host, method, target.path)) {
    return replied(errorResponse(400, "ambiguous_path"));
  }
  if ((service.cors !== undefined || service.preflight === "pass") && isPreflight(received)) {
    return service.cors === undefined
      ? sendUpstream({ ...received, request: withoutCredentials(request, service) }, "preflight", null)
      : replied(preflightReply(request, service.cors));
  }

  const record = front.decisions.begin(received, ctx);
  const decided =
    record === undefined ? await decide(received, ctx, front) : await decideFor(record, received, ctx, front);
  const { body = received.body } = decided;
  const incoming = body === received.body ? received : { ...received, body };
  switch (decided.kind) {
    case "pass":
      if (decided.by !== "public") record?.allowed(decided.by);
      return withClientHeaders(await sendUpstream(incoming, decided.changes, body), decided.forClient);
    case "in_stages": {
      const outcome = exchangeInStages(incoming, ctx, decided.answer);
      if (record !== undefined) noteExchange(record, await outcome);
      return outcome;
    }
    case "refuse":
      return refused(incoming, ctx, front, record, decided.reply);
    case "reply":
      record?.replied(decided.reply);
      return replied(decided.reply);
  }
}

async function decideFor(
  record: DecisionRecord,
  incoming: Incoming,
  ctx: Pick<ExecutionContext, "waitUntil">,
  front: Front,
): Promise<Decided> {
  try {
    return await decide(incoming, ctx, front);
  } catch (error) {
    record.failed();
    throw error;
  }
}

/** A filter may refuse a body that it has seen; the upstream may fail after the decision. */
function noteExchange(record: DecisionRecord, outcome: Outcome): void {
  if (outcome.ok || isFailureOfUpstream(outcome.reply)) record.allowed("object");
  else record.replied(outcome.reply);
}

/** The refusal; or the upstream's response without any identity, if the service only reports. */
async function refused(
  incoming: Incoming,
  ctx: Pick<ExecutionContext, "waitUntil">,
  front: Front,
  record: DecisionRecord | undefined,
  reply: Response,
): Promise<Outcome> {
  const { service, method, body } = incoming;
  if (!passesUnenforced(service.enforcement, front.nowMs())) {
    record?.replied(reply);
    return replied(reply);
  }
  record?.reportOnly(reply.status);
  front.counter.count(incoming, ctx, "reportOnly");
  const reason = reply.headers.get("x-ebb-reason") ?? "refused";
  rateLimitedLog.error(`${service.name}: report-only: would refuse a ${method} with ${reply.status} ${reason}`);
  return sendUpstream(incoming, [], body);
}

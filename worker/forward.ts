import type { Gateway, Service } from "../config/index.ts";
import { belongsToNeighbour, matchRule } from "../config/index.ts";
import type { Env } from "../durable/environment.ts";
import type { UnavailableReason } from "../durable/rpc.ts";
import type { HeaderChange } from "../wasm/host/index.ts";
import { askObject } from "./ask-object.ts";
import { clientInfo } from "./client-info.ts";
import { openToListedOrigins } from "./cors.ts";
import type { WorkerCounter } from "./counts/worker-counter.ts";
import type { Credentials } from "./credentials/credentials.ts";
import { isGivenTwice, isHiddenInPath, queryParameters, withoutParameters } from "./credentials/query-parameter.ts";
import { responseOf } from "./credentials/response.ts";
import type { DecisionLog, DecisionRecord } from "./decisions/decision-log.ts";
import type { AllowReason } from "./decisions/outcome.ts";
import type { EdgeCache } from "./edge/edge-cache.ts";
import { asksWebSocket, bodyOf, type Incoming } from "./incoming.ts";
import { isPreflight, preflightReply, withoutCredentials } from "./preflight.ts";
import { rateLimitedLog } from "./rate-limited-log.ts";
import {
  badHeaders,
  deniedResponse,
  errorResponse,
  internalError,
  isFailureOfUpstream,
  type Outcome,
  replied,
} from "./replies.ts";
import { isRefusal, passesUnenforced } from "./report-only.ts";
import type { Target } from "./request-target.ts";
import { exchangeInStages, type InStages } from "./staged-forward.ts";
import { sendUpstream } from "./upstream.ts";

/** `fetch` cannot send these, and no upstream behind a gateway should see them. */
const REFUSED_METHODS: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);
const BODYLESS_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/** The reasons that an object counts; other ones it gives, or the Worker, before a request is counted. */
const COUNTED_BY_OBJECT: ReadonlySet<UnavailableReason> = new Set<UnavailableReason>([
  "filter_start_failed",
  "filter_failed",
  "filter_backoff",
  "filter_timeout",
  "secret_missing",
]);

type Context = Pick<ExecutionContext, "waitUntil">;

/** What all requests to one isolate share. */
export interface Front {
  readonly gateway: Gateway;
  readonly edge: EdgeCache;
  readonly credentials: Credentials;
  readonly counter: WorkerCounter;
  readonly decisions: DecisionLog;
  readonly nowMs: () => number;
}

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

async function outcomeOf(incoming: Incoming, ctx: Context, front: Front): Promise<Outcome> {
  const { request, method, service, target, body } = incoming;
  if (REFUSED_METHODS.has(method)) return replied(errorResponse(405, "method_not_allowed"));
  // The platform cannot send it on, and servers disagree about where such a request ends.
  if (body !== null && BODYLESS_METHODS.has(method)) return replied(errorResponse(400, "body_not_allowed"));

  if (belongsToNeighbour(front.gateway, service, target.host, method, target.path)) {
    return replied(errorResponse(400, "ambiguous_path"));
  }
  if (service.preflight !== "authorize" && isPreflight(incoming)) {
    return service.preflight === "pass"
      ? sendUpstream({ ...incoming, request: withoutCredentials(request, service) }, "preflight", null)
      : replied(preflightReply(request, service.preflight.answer));
  }

  const record = front.decisions.begin(incoming, ctx);
  const decided =
    record === undefined ? await decide(incoming, ctx, front) : await decideFor(record, incoming, ctx, front);
  switch (decided.kind) {
    case "pass":
      if (decided.by !== "public") record?.allowed(decided.by);
      return sendUpstream(incoming, decided.changes, body);
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

async function decideFor(record: DecisionRecord, incoming: Incoming, ctx: Context, front: Front): Promise<Decided> {
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

/** What becomes of a request. */
type Decided =
  | { readonly kind: "pass"; readonly changes: readonly HeaderChange[] | "public"; readonly by: AllowReason | "public" }
  | { readonly kind: "in_stages"; readonly answer: InStages }
  | { readonly kind: "refuse"; readonly reply: Response }
  /** Nobody could read the request, or the filter has answered it itself. */
  | { readonly kind: "reply"; readonly reply: Response };

async function decide(incoming: Incoming, ctx: Context, front: Front): Promise<Decided> {
  const { service, method, target } = incoming;
  const rule = matchRule(service, method, target.path);
  if (rule.kind === "deny") {
    front.counter.count(incoming, ctx, "noRule");
    return refuse(errorResponse(403, "no_rule"));
  }
  if (rule.kind === "ambiguous") return reply(errorResponse(400, "ambiguous_path"));
  if (rule.kind === "public") return { kind: "pass", changes: "public", by: "public" };

  const checking = front.credentials.check(incoming, rule.ruleName, ctx);
  const checked = checking instanceof Promise ? await checking : checking;
  if (checked?.kind === "pass") return { kind: "pass", changes: checked.changes, by: "token" };
  if (checked?.kind === "refused") return refuse(checked.reply);
  if (checked?.kind === "unreadable") return reply(checked.reply);

  const answer = await askObject(front.gateway, incoming, checked?.told, (question, text) =>
    front.edge.question(incoming, question, text, ctx),
  );
  switch (answer.kind) {
    case "bad_headers":
      return reply(badHeaders(answer.reason));
    case "continue":
      return {
        kind: "pass",
        changes: checked === undefined ? answer.changes : [...checked.changes, ...answer.changes],
        by: answer.by ?? "object",
      };
    case "continue_in_stages":
    case "body_first":
      return { kind: "in_stages", answer };
    case "respond":
      return isRefusal(answer)
        ? refuse(deniedResponse(service.name, answer))
        : reply(deniedResponse(service.name, answer));
    case "unavailable":
      if (!COUNTED_BY_OBJECT.has(answer.reason)) front.counter.count(incoming, ctx, `undecided:${answer.reason}`);
      return refuse(deniedResponse(service.name, answer));
    default:
      // An object of a later deployment may give an answer that this Worker does not know.
      front.counter.count(incoming, ctx, "undecided:rpc_version");
      return refuse(errorResponse(503, "rpc_version"));
  }
}

function refuse(response: Response): Decided {
  return { kind: "refuse", reply: response };
}

function reply(response: Response): Decided {
  return { kind: "reply", reply: response };
}

/** The refusal; or the upstream's response without any identity, if the service only reports. */
async function refused(
  incoming: Incoming,
  ctx: Context,
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

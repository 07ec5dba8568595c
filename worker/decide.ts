import { matchRule } from "../config/index.ts";
import type { FlatHeaders } from "../durable/flat-headers.ts";
import type { UnavailableReason } from "../durable/rpc.ts";
import type { HeaderChange } from "../wasm/host/index.ts";
import { askObject } from "./ask-object.ts";
import type { Checked } from "./credentials/credentials.ts";
import { leadingToToken } from "./credentials/token-lead.ts";
import type { AllowReason } from "./decisions/outcome.ts";
import { type FirstBytes, readFirstBytes } from "./first-bytes.ts";
import type { Front } from "./front.ts";
import type { Incoming } from "./incoming.ts";
import { badHeaders, deniedResponse, errorResponse, unkeptByDefault } from "./replies.ts";
import { isRefusal } from "./report-only.ts";
import type { InStages } from "./staged-forward.ts";

/** The reasons that an object counts; other ones it gives, or the Worker, before a request is counted. */
const COUNTED_BY_OBJECT: ReadonlySet<UnavailableReason> = new Set<UnavailableReason>([
  "filter_start_failed",
  "filter_failed",
  "filter_backoff",
  "filter_timeout",
  "secret_missing",
]);

/** What becomes of a request. `body`: its body, if it has been read in part. */
export type Decided = { readonly body?: ReadableStream | null } & Ending;

type Ending =
  | {
      readonly kind: "pass";
      readonly changes: readonly HeaderChange[] | "public";
      readonly by: AllowReason | "public";
      /** From the authorization server. */
      readonly forClient?: FlatHeaders | undefined;
    }
  | { readonly kind: "in_stages"; readonly answer: InStages }
  | { readonly kind: "refuse"; readonly reply: Response }
  /** Nobody could read the request, or the filter has answered it itself. */
  | { readonly kind: "reply"; readonly reply: Response };

/** Decides on a request: by its rule, its credential, and the service's object. */
export async function decide(
  incoming: Incoming,
  ctx: Pick<ExecutionContext, "waitUntil">,
  front: Front,
): Promise<Decided> {
  const { service, method, target } = incoming;
  const rule = matchRule(service, method, target.path);
  if (rule.kind === "deny") {
    front.counter.count(incoming, ctx, "noRule");
    return refuse(errorResponse(403, "no_rule"));
  }
  if (rule.kind === "ambiguous") {
    front.counter.count(incoming, ctx, "unreadable");
    return reply(errorResponse(400, "ambiguous_path"));
  }
  if (rule.kind === "public") return { kind: "pass", changes: "public", by: "public" };

  const checking = front.credentials.check(incoming, rule.ruleName, ctx);
  const checked = checking instanceof Promise ? await checking : checking;
  if (checked?.kind === "pass") return { kind: "pass", changes: checked.changes, by: "token" };
  if (checked?.kind === "refused") return refuse(checked.reply);
  if (checked?.kind === "unreadable") return reply(checked.reply);

  // Nobody without a credential may make the gateway hold a body.
  const reading = checked?.told.tasks.includes("found-none") ? undefined : readFirstBytes(incoming);
  if (reading === undefined) return decideByObject(incoming, ctx, front, rule.ruleName, checked, undefined);
  const seen = await reading;
  const { body } = seen;
  if (seen.kind === "incomplete") {
    front.counter.count(incoming, ctx, "unreadable");
    return { ...refuse(withoutBody(seen.reason)), body };
  }
  const decided = await decideByObject(incoming, ctx, front, rule.ruleName, checked, seen.first);
  return { ...decided, body };
}

function withoutBody(reason: "body_too_slow" | "body_incomplete"): Response {
  return reason === "body_too_slow" ? errorResponse(408, "body_too_slow") : errorResponse(400, "body_incomplete");
}

async function decideByObject(
  incoming: Incoming,
  ctx: Pick<ExecutionContext, "waitUntil">,
  front: Front,
  ruleName: string,
  checked: Extract<Checked, { kind: "ask" }> | undefined,
  first: FirstBytes | undefined,
): Promise<Decided> {
  const { service } = incoming;
  const answer = await askObject(front.gateway, incoming, { told: checked?.told, first }, (question, text) =>
    front.edge.question(incoming, question, text, ctx),
  );
  switch (answer.kind) {
    case "bad_headers":
      front.counter.count(incoming, ctx, "unreadable");
      return reply(badHeaders(answer.reason));
    case "continue":
      return {
        kind: "pass",
        changes: checked === undefined ? answer.changes : [...checked.changes, ...answer.changes],
        by: answer.by ?? "object",
        forClient: "forClient" in answer ? answer.forClient : undefined,
      };
    case "continue_in_stages":
    case "body_first":
      return { kind: "in_stages", answer };
    case "respond": {
      const denied = deniedResponse(service.name, leadingToToken(answer, incoming, ruleName));
      const response = service.filterKind.kind === "built-in" ? unkeptByDefault(denied) : denied;
      return isRefusal(answer) ? refuse(response) : reply(response);
    }
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

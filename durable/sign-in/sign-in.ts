import { howToSetSecret } from "../../config/how-to-set-secret.ts";
import { AUTHENTICATE_RULE, type ForwardAuth, matchRule, type Requirements, type Service } from "../../config/index.ts";
import type { Decision, HeaderList } from "../../wasm/host/index.ts";
import { countOutcome, countUndecided } from "../metrics/count-outcome.ts";
import { type Counters, countDecision } from "../metrics/counters.ts";
import type { OutcomeCounts } from "../metrics/outcomes.ts";
import { headersForClient } from "../outbound/client-headers.ts";
import type { OutboundCalls } from "../outbound/outbound-calls.ts";
import { clientGroup } from "../request/client-group.ts";
import { decisionAnswer, ruleDenial } from "../request/decision-answer.ts";
import type { DecideRequest } from "../rpc.ts";
import type { Answer } from "../stages/staged-answer.ts";
import { signInCall } from "./sign-in-call.ts";
import { SignInLimit } from "./sign-in-limit.ts";
import { refusal, signInDecision, withoutDecision } from "./sign-in-reply.ts";

export interface SignInDependencies {
  readonly service: Service;
  readonly outbound: Pick<OutboundCalls, "call" | "noteRefusal">;
  readonly counters: Counters;
  readonly outcomes: OutcomeCounts;
  readonly nowMs: () => number;
  readonly secrets: (name: string) => string | undefined;
  readonly isDevelopment: boolean;
  /** Called when a request is decided. */
  readonly afterAnswer: () => void;
}

/** Whether the Worker asks for a request in which it has found no credential. */
export function isWithoutCredential({ doneInWorker }: Pick<DecideRequest, "doneInWorker">): boolean {
  return doneInWorker.includes("found-none");
}

/**
 * Asks a forward-auth server about requests without a credential, so that it can begin a login (`withoutCredential: "ask"`). Past the
 * filter: nothing is kept, and no two requests share a call.
 */
export class SignIn {
  readonly #with: SignInDependencies;
  readonly #authorization: ForwardAuth;
  readonly #limit = new SignInLimit();

  constructor(authorization: ForwardAuth, dependencies: SignInDependencies) {
    this.#with = dependencies;
    this.#authorization = authorization;
  }

  /** Never rejects. */
  async decide(ask: DecideRequest): Promise<Answer> {
    const { service, outbound, counters, outcomes, nowMs } = this.#with;
    // The object's own rules count, as in RequestDecider.
    const rule = matchRule(service, ask.method, ask.path);
    if (rule.kind === "deny") return ruleDenial(403, "no_rule");
    if (rule.kind === "ambiguous") return ruleDenial(400, "ambiguous_path");
    const fixed = this.#fixedHeaders();
    if (typeof fixed === "string") {
      counters.requests += 1;
      counters.undecided += 1;
      countUndecided(outcomes, "secret_missing");
      const message = `secret ${fixed} is not set: ${howToSetSecret(fixed, this.#with.isDevelopment)}`;
      return { kind: "unavailable", reason: "secret_missing", message };
    }
    const now = nowMs();
    const over = this.#limit.take(clientGroup(ask.source.address), now);
    if (over !== undefined) {
      const retryAfter = String(this.#limit.retryAfterSeconds(now));
      const tooMany =
        over === "client"
          ? refusal(429, "rate_limited", retryAfter)
          : withoutDecision("authorization_server_overloaded", retryAfter);
      return this.#answer(tooMany, ask);
    }
    const requirements = requirementsOf(service, rule.kind === "public" ? AUTHENTICATE_RULE : rule.ruleName);
    const call = signInCall(service, this.#authorization, ask, requirements, fixed);
    const result = await outbound.call(call, "sign_in");
    const decision = signInDecision(result, this.#authorization, service.name);
    const forClient = headersForClient(this.#authorization.clientHeaders, result);
    return this.#answer(decision, ask, forClient);
  }

  #answer(decision: Decision, { trace }: DecideRequest, forClient: HeaderList = []): Answer {
    const { service, outbound, counters, outcomes, afterAnswer } = this.#with;
    countDecision(counters, decision);
    countOutcome(outcomes, decision);
    if (decision.kind === "respond") outbound.noteRefusal(decision, trace?.cfRay ?? null);
    afterAnswer();
    return decisionAnswer(service, decision, forClient);
  }

  /** With the secrets filled in; or the name of one that is missing. */
  #fixedHeaders(): Readonly<Record<string, string>> | string {
    const filled: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.#authorization.headers)) {
      const text = typeof value === "string" ? value : this.#with.secrets(value.secret);
      if (text === undefined || text === "") return typeof value === "string" ? name : value.secret;
      filled[name] = text;
    }
    return filled;
  }
}

function requirementsOf({ rules }: Service, ruleName: string): Requirements | undefined {
  if (ruleName === AUTHENTICATE_RULE) return undefined;
  const access = rules.find(({ name }) => name === ruleName)?.access;
  return access?.kind === "authorize" ? access : undefined;
}

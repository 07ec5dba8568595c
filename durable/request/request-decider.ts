import { AUTHENTICATE_RULE, matchRule, type Service } from "../../config/index.ts";
import type { Decision, Refusal } from "../../wasm/host/index.ts";
import { Generation } from "../instances/generation.ts";
import type { InstanceManager } from "../instances/instance-manager.ts";
import type { MemoryBackpressure } from "../memory/backpressure.ts";
import { countOutcome, countUndecided } from "../metrics/count-outcome.ts";
import { type Counters, countDecision, countRefusalInStage } from "../metrics/counters.ts";
import type { OutcomeCounts } from "../metrics/outcomes.ts";
import { clientHeadersOf, ForClient } from "../outbound/client-headers.ts";
import type { OutboundCalls } from "../outbound/outbound-calls.ts";
import type { PersistedDecisions } from "../persistence/persisted-decisions.ts";
import type { DecideRequest, Unavailable } from "../rpc.ts";
import { DeadlineTimer } from "../runtime/deadline-timer.ts";
import { decideInStages, exchangeStages } from "../stages/decide-in-stages.ts";
import { isReplayed } from "../stages/replay.ts";
import { StageDeadline } from "../stages/stage-deadline.ts";
import type { Answer } from "../stages/staged-answer.ts";
import { decisionAnswer, ruleDenial } from "./decision-answer.ts";
import { streamRequest } from "./stream-request.ts";

/** A stage that takes too long is aborted late by at most a quarter of its limit. */
const TICKS_OF_STAGE = 4;

/** Work around the decision on a request. */
export interface RequestEvents {
  /** @returns what to await before the filter sees the request */
  beforeRequest(cfRay: string | null): Promise<void> | undefined;
  /** Called when the head of a request is decided. */
  afterAnswer(): void;
}

export interface RequestDependencies {
  readonly service: Service;
  readonly instances: InstanceManager;
  readonly counters: Counters;
  readonly outcomes: OutcomeCounts;
  readonly backpressure: MemoryBackpressure;
  readonly persistedDecisions: PersistedDecisions | undefined;
  readonly outbound: Pick<OutboundCalls, "noteRefusal">;
  readonly events: RequestEvents;
  /** Longest time for which a filter may delay one stage of a request. */
  readonly stageMs: number;
}

/** Runs a request through its service: rule, backpressure, stored decisions, tick, filter. */
export class RequestDecider {
  readonly #with: RequestDependencies;
  readonly #givesToClients: boolean;
  readonly #deadlines: DeadlineTimer;
  /** What the filter reads as the route's name; undefined: the rule's. */
  readonly #routeName: string | number | boolean | undefined;
  /** Shared by requests until the filter delays one; that one keeps it. */
  #deadline: StageDeadline;

  constructor(dependencies: RequestDependencies) {
    const { filterKind } = dependencies.service;
    this.#with = dependencies;
    this.#routeName = filterKind.kind === "other" ? filterKind.properties.route_name : undefined;
    this.#givesToClients = clientHeadersOf(dependencies.service).names.length > 0;
    this.#deadlines = new DeadlineTimer(dependencies.stageMs, TICKS_OF_STAGE);
    this.#deadline = new StageDeadline(this.#deadlines);
  }

  /** A promise only if something has to be waited for: to await costs as much as to look a decision up. */
  decide(ask: DecideRequest): Answer | Promise<Answer> {
    const { service, backpressure } = this.#with;
    // The object's own rules count: its configuration may briefly be newer or older than the Worker's.
    const rule = matchRule(service, ask.method, ask.path);
    if (rule.kind === "deny") return ruleDenial(403, "no_rule");
    if (rule.kind === "ambiguous") return ruleDenial(400, "ambiguous_path");
    // The Worker does not ask about public paths. If it asks, its rules differ and protect a path that is public here.
    const ruleName = rule.kind === "public" ? AUTHENTICATE_RULE : rule.ruleName;
    const waiting = backpressure.wait();
    return waiting === undefined ? this.#restored(ask, ruleName) : waiting.then(() => this.#restored(ask, ruleName));
  }

  #restored(ask: DecideRequest, ruleName: string): Answer | Promise<Answer> {
    const restoring = this.#with.persistedDecisions?.restore();
    return restoring === undefined
      ? this.#ticked(ask, ruleName, 0)
      : restoring.then(() => this.#ticked(ask, ruleName, 0));
  }

  #ticked(ask: DecideRequest, ruleName: string, replays: number): Answer | Promise<Answer> {
    const ticking = this.#with.events.beforeRequest(rayOf(ask));
    // The instance may change while the tick's calls are in progress.
    return ticking === undefined
      ? this.#decide(ask, ruleName, replays)
      : ticking.then(() => this.#decide(ask, ruleName, replays));
  }

  #decide(ask: DecideRequest, ruleName: string, replays: number): Answer | Promise<Answer> {
    const { service, instances } = this.#with;
    const generation = instances.acquire(rayOf(ask));
    if (!(generation instanceof Generation)) return this.#withoutFilter(generation);

    const deadline = this.#deadline;
    const forClient = this.#givesToClients ? new ForClient() : undefined;
    const request = streamRequest(ask, this.#routeName ?? ruleName, deadline.signal, forClient);
    const stages = exchangeStages(service, generation.exportedStages, ask.endOfStream);
    const again = () => this.#ticked(ask, ruleName, replays + 1);
    if (stages !== undefined) {
      this.#renewDeadline();
      const deciding = decideInStages({
        service,
        generation,
        request,
        stages,
        deadline,
        replays,
        onHead: (decision) => this.#headDecided(generation, decision, rayOf(ask)),
        onRefusal: (refusal) => this.#refusedInStage(generation, refusal, rayOf(ask)),
      });
      return deciding.then((answer) => answer ?? again());
    }
    const decided = (decision: Decision) => {
      if (isReplayed(decision, replays)) return again();
      this.#headDecided(generation, decision, rayOf(ask));
      return decisionAnswer(service, decision, forClient?.headers);
    };
    const deciding = generation.decide(request);
    if (!(deciding instanceof Promise)) return decided(deciding);
    this.#renewDeadline();
    return deadline.wait(deciding).then(decided);
  }

  #withoutFilter(unavailable: Unavailable): Answer {
    const { counters, outcomes, instances } = this.#with;
    counters.requests += 1;
    if (!instances.passesUndecided) {
      counters.undecided += 1;
      countUndecided(outcomes, unavailable.reason);
      return unavailable;
    }
    counters.failedOpen += 1;
    outcomes.allowed.fail_open += 1;
    return { kind: "continue", changes: [], freshForMs: 0, by: "fail_open" };
  }

  #renewDeadline(): void {
    this.#deadline = new StageDeadline(this.#deadlines);
  }

  #headDecided(generation: Generation, decision: Decision, cfRay: string | null): void {
    const { counters, outcomes, instances, outbound, events } = this.#with;
    countDecision(counters, decision);
    countOutcome(outcomes, decision);
    if (decision.kind === "failed") instances.noteTrap(generation, cfRay);
    if (decision.kind === "respond") outbound.noteRefusal(decision, cfRay);
    events.afterAnswer();
  }

  #refusedInStage(generation: Generation, refusal: Refusal, cfRay: string | null): void {
    const { counters, instances } = this.#with;
    countRefusalInStage(counters, refusal);
    if (refusal.kind === "failed") instances.noteTrap(generation, cfRay);
  }
}

function rayOf({ trace }: DecideRequest): string | null {
  return trace === undefined ? null : trace.cfRay;
}

import { AUTHENTICATE_RULE, matchRule, type Service } from "../config/index.ts";
import { createSharedState, type Decision, type HostServices, type SharedState } from "../wasm/host/index.ts";
import { estimateSettings } from "./estimate/settings.ts";
import { startFilter } from "./filter-start.ts";
import { Generation, type StartReason } from "./generation.ts";
import type { KeptState } from "./kept.ts";
import { type Counters, countDecision } from "./metrics/counters.ts";
import type { Send } from "./outbound/exchange.ts";
import { OutboundCalls } from "./outbound/outbound-calls.ts";
import { RestartController } from "./restart/controller.ts";
import { restartPolicy } from "./restart/policies.ts";
import type { RestartVerdict } from "./restart/policy.ts";
import type { Answer, Ask, Unavailable } from "./rpc.ts";
import { type ServiceStats, serviceStats } from "./stats.ts";
import { streamRequest } from "./stream-request.ts";

/** Clock and randomness: the platform's, or a test's. */
export interface Runtime {
  nowMs(): number;
  randomBytes(into: Uint8Array): void;
}

export interface ServiceSurroundings {
  readonly service: Service;
  readonly runtime: Runtime;
  readonly kept: KeptState;
  /** How a cluster is reached; undefined where its binding is missing. */
  readonly sendTo: (cluster: Service["clusters"][string]) => Send | undefined;
  readonly secrets: (name: string) => string | undefined;
}

/** A start that failed is not tried again sooner: a filter that cannot start would burn CPU on every request. */
const START_RETRY_MS = 1_000;

/**
 * One protected service: the generation that decides, everything that outlives a generation, and the controller that
 * ends one for the next.
 */
export class ProtectedService {
  readonly #surroundings: ServiceSurroundings;
  readonly #host: HostServices;
  readonly #shared: SharedState = createSharedState();
  readonly #counters: Counters;
  /** Of earlier lives of the object; the filter counts from zero in each. */
  readonly #failedOpenBefore: number;
  readonly #controller: RestartController;
  readonly #digestKey: string;
  #generation: Generation | undefined;
  #failedStart: (Unavailable & { readonly atMs: number }) | undefined;
  #chores = false;

  constructor(surroundings: ServiceSurroundings) {
    this.#surroundings = surroundings;
    const { service, runtime, kept, sendTo } = surroundings;
    const remembered = kept.read(service.version);
    this.#counters = remembered.counters;
    this.#failedOpenBefore = remembered.counters.failedOpen;
    const settings = estimateSettings(service.restart);
    this.#controller = new RestartController(
      { ...remembered, counts: remembered.counters },
      settings,
      restartPolicy(service.restart.policy, settings),
    );
    this.#digestKey = randomHex(runtime, 16);

    const outbound = new OutboundCalls(service.clusters, sendTo, () => runtime.nowMs());
    this.#host = {
      nowMs: () => runtime.nowMs(),
      log: (level, message) => console.log(`${service.name}: filter: ${level}: ${message}`),
      hasCluster: (name) => outbound.has(name),
      httpCall: (call) => {
        this.#counters.outbound += 1;
        return outbound.call(call);
      },
      randomBytes: (into) => runtime.randomBytes(into),
      shared: this.#shared,
    };
  }

  async decide(ask: Ask): Promise<Answer> {
    const { service } = this.#surroundings;
    // The object's own rules count: its configuration may be newer or older than the Worker's for a moment.
    const rule = matchRule(service, ask.method, ask.path);
    if (rule.kind === "deny") return refusal(403, "no_rule");
    // A public path asks no object. Where it is asked all the same, the Worker's newer rules protect what ours leave open.
    const ruleName = rule.kind === "public" ? AUTHENTICATE_RULE : rule.ruleName;

    const generation = this.#runningGeneration();
    if (!(generation instanceof Generation)) {
      this.#counters.requests += 1;
      this.#counters.undecided += 1;
      return generation;
    }
    const outcome = generation.decide(streamRequest(ask, ruleName));
    const decision = outcome instanceof Promise ? await outcome : outcome;
    countDecision(this.#counters, decision);
    this.#choresAfterAnswer();
    return answerTo(decision);
  }

  stats(): ServiceStats {
    const nowMs = this.#surroundings.runtime.nowMs();
    this.#generation?.tick(nowMs);
    this.#countFailedOpen();
    return serviceStats({
      service: this.#surroundings.service,
      nowMs,
      generation: this.#generation,
      controller: this.#controller,
      counters: this.#counters,
      metrics: this.#shared.metrics,
      failedStart: this.#failedStart,
    });
  }

  /** A fresh instance at once; false where none is in memory or none will start. The reason goes into the log. */
  restart(reason: string): boolean {
    if (this.#generation === undefined) return false;
    this.#sample(this.#generation);
    return this.#replace(reason) instanceof Generation;
  }

  /** The generation that takes new requests, started or replaced if need be. */
  #runningGeneration(): Generation | Unavailable {
    if (this.#generation === undefined) return this.#begin();
    if (this.#generation.failed) return this.#replace("trap");
    return this.#generation;
  }

  #begin(): Generation | Unavailable {
    const reason = this.#controller.learned.current === undefined ? "first_request" : "eviction";
    return this.#start(reason, (generation, nowMs) => this.#controller.started(nowMs, generation.startBytes));
  }

  /** A fresh instance from the compiled module. Requests that wait finish on the old one; new ones start here. */
  #replace(reason: string): Generation | Unavailable {
    const old = this.#generation;
    const allocatedBeforeBytes = old?.allocatedBytes ?? 0;
    const startReason: StartReason = reason === "trap" ? "trap" : "restart";
    const started = this.#start(startReason, (generation, nowMs) => {
      this.#controller.restarted(nowMs, reason, allocatedBeforeBytes, generation.startBytes);
      old?.retire();
    });
    // A trapped instance must not serve again, even where no fresh one could be started.
    if (!(started instanceof Generation) && old?.failed) {
      old.retire();
      this.#generation = undefined;
    }
    return started;
  }

  #start(reason: StartReason, onStarted: (generation: Generation, nowMs: number) => void): Generation | Unavailable {
    const nowMs = this.#surroundings.runtime.nowMs();
    if (this.#failedStart !== undefined && Math.abs(nowMs - this.#failedStart.atMs) < START_RETRY_MS) {
      return this.#failedStart;
    }
    const start = startFilter({ ...this.#surroundings, host: this.#host, digestKey: this.#digestKey });
    if (!start.ok) {
      this.#failedStart = { kind: "unavailable", reason: start.reason, message: start.message, atMs: nowMs };
      return this.#failedStart;
    }
    this.#failedStart = undefined;
    const number = (this.#controller.learned.current?.number ?? 0) + 1;
    const generation = new Generation(number, start.instance, nowMs, reason);
    onStarted(generation, nowMs);
    this.#generation = generation;
    return generation;
  }

  /** Ticking, sampling and restarting wait until the answer is on its way; no request pays for them. */
  #choresAfterAnswer(): void {
    if (this.#chores || !this.#choresAreDue(this.#surroundings.runtime.nowMs())) return;
    this.#chores = true;
    setTimeout(() => {
      this.#chores = false;
      this.#doChores();
    }, 0);
  }

  #choresAreDue(nowMs: number): boolean {
    return this.#controller.isDue(nowMs) || (this.#generation?.isTickDue(nowMs) ?? false);
  }

  #doChores(): void {
    const generation = this.#generation;
    if (generation === undefined || generation.failed) return;
    const nowMs = this.#surroundings.runtime.nowMs();
    if (generation.isTickDue(nowMs)) generation.tick(nowMs);
    if (!this.#controller.isDue(nowMs) || generation.failed) return;
    const verdict = this.#sample(generation);
    if (verdict.restart) this.#replace(verdict.reason);
    this.#countFailedOpen();
    this.#surroundings.kept.writeIfDue(nowMs, {
      learned: this.#controller.learned,
      samples: this.#controller.samples,
      counters: this.#counters,
    });
  }

  /** Only the filter knows; it tells by a metric, which lasts as long as the object is in memory. */
  #countFailedOpen(): void {
    this.#counters.failedOpen = this.#failedOpenBefore + (this.#shared.metrics.value("ebb_fail_open") ?? 0);
  }

  #sample(generation: Generation): RestartVerdict {
    return this.#controller.sample(this.#surroundings.runtime.nowMs(), {
      allocatedBytes: generation.allocatedBytes,
      counts: this.#counters,
    });
  }
}

function answerTo(decision: Decision): Answer {
  switch (decision.kind) {
    case "continue":
      return { kind: "continue", changes: decision.changes };
    case "respond": {
      const { status, headers, body, details } = decision;
      return { kind: "respond", status, headers: headers.flat(), body, details };
    }
    case "failed":
      return { kind: "unavailable", reason: "filter_failed", message: `${decision.reason}: ${decision.message}` };
  }
}

function refusal(status: number, details: string): Answer {
  return { kind: "respond", status, headers: [], body: new Uint8Array(0), details };
}

function randomHex(runtime: Runtime, byteLength: number): string {
  const bytes = new Uint8Array(byteLength);
  runtime.randomBytes(bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

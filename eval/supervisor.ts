import type { RestartSettings } from "../config/index.ts";
import { Samples } from "../durable/metrics/samples.ts";
import { RestartController } from "../durable/restart/controller.ts";
import { type LearnedState, nothingLearned } from "../durable/restart/learned.ts";
import type { RestartPolicyName } from "../durable/restart/policies.ts";
import { seededRandom } from "../scripts/traffic/random.ts";

/** State of a run at one sample, in bytes. Counts are since the start of the run. */
export interface Reading {
  readonly allocatedBytes: number;
  /** True required bytes; NaN if unknown. */
  readonly liveBytes: number;
  readonly requests: number;
  readonly hits: number;
  readonly outbound: number;
}

/** Decides on restarts. `simulate` asks after an answer, when a sample is due. */
export interface Supervisor {
  /** The object's first instance starts. */
  started(nowMs: number, bytes: number): void;
  /** An outbound call was made and answered. @param question see Questions */
  called?(question: number, nowMs: number, isDenied: boolean): void;
  isDue(nowMs: number): boolean;
  /** @returns the reason to restart now, or undefined to keep the instance */
  sample(nowMs: number, reading: Reading): string | undefined;
  restarted(nowMs: number, reason: string, beforeBytes: number, afterBytes: number): void;
  /** The object is evicted and loses all state that was not persisted. */
  evicted(): void;
}

/** Interval at which the object persists its learned state. */
const WRITE_INTERVAL_MS = 60_000;

/** Uses the product's controller with one of its policies. */
export class PolicySupervisor implements Supervisor {
  readonly #policy: RestartPolicyName;
  readonly #settings: RestartSettings;
  readonly #handover: boolean;
  readonly #random: () => number;
  #controller: RestartController;
  #written: { learned: LearnedState; atMs: number } = { learned: nothingLearned("eval"), atMs: 0 };
  #counts = { requests: 0, hits: 0, outbound: 0 };

  constructor(policy: RestartPolicyName, settings: RestartSettings, handover: boolean, seed: number) {
    this.#policy = policy;
    this.#settings = settings;
    this.#handover = handover;
    this.#random = seededRandom(seed);
    this.#controller = this.#newController();
  }

  get controller(): RestartController {
    return this.#controller;
  }

  started(nowMs: number, bytes: number): void {
    this.#controller.started(nowMs, bytes);
  }

  called(question: number, nowMs: number, isDenied: boolean): void {
    this.#controller.called(question, nowMs, isDenied ? "denied" : "allowed");
  }

  isDue(nowMs: number): boolean {
    return this.#controller.isDue(nowMs);
  }

  sample(nowMs: number, { allocatedBytes, requests, hits, outbound }: Reading): string | undefined {
    this.#counts = { requests, hits, outbound };
    const verdict = this.#controller.sample(nowMs, { allocatedBytes, counts: this.#counts });
    if (nowMs - this.#written.atMs >= WRITE_INTERVAL_MS) {
      this.#written = { learned: this.#controller.learned, atMs: nowMs };
    }
    return verdict.restart ? verdict.reason : undefined;
  }

  restarted(nowMs: number, reason: string, beforeBytes: number, afterBytes: number): void {
    this.#controller.restarted(nowMs, reason, beforeBytes, afterBytes);
  }

  evicted(): void {
    this.#controller = this.#newController();
  }

  #newController(): RestartController {
    return new RestartController(
      { samples: new Samples(), learned: this.#written.learned, counts: this.#counts },
      { policy: this.#policy, settings: this.#settings, handover: this.#handover, random: this.#random },
    );
  }
}

/** Decides by a rule on the current reading, without an estimate. */
export class RuleSupervisor implements Supervisor {
  readonly #rule: (uptimeMs: number, reading: Reading) => boolean;
  readonly #settings: Pick<RestartSettings, "sampleIntervalMs" | "minLifetimeMs">;
  readonly #name: string;
  #startedMs = 0;
  #sampledMs = 0;

  /** @param rule returns true to restart; called only for instances past their minimum lifetime */
  constructor(
    name: string,
    settings: Pick<RestartSettings, "sampleIntervalMs" | "minLifetimeMs">,
    rule: (uptimeMs: number, reading: Reading) => boolean,
  ) {
    this.#name = name;
    this.#settings = settings;
    this.#rule = rule;
  }

  started(nowMs: number): void {
    this.#startedMs = nowMs;
  }

  isDue(nowMs: number): boolean {
    return nowMs - this.#sampledMs >= this.#settings.sampleIntervalMs;
  }

  sample(nowMs: number, reading: Reading): string | undefined {
    this.#sampledMs = nowMs;
    const uptimeMs = nowMs - this.#startedMs;
    if (uptimeMs < this.#settings.minLifetimeMs) return undefined;
    return this.#rule(uptimeMs, reading) ? this.#name : undefined;
  }

  restarted(nowMs: number): void {
    this.#startedMs = nowMs;
  }

  evicted(): void {
    // Nothing to lose: `started` resets the age.
  }
}

import type { RestartSettings } from "../config/index.ts";
import { Samples } from "../durable/metrics/samples.ts";
import { RestartController } from "../durable/restart/controller.ts";
import { type LearnedState, nothingLearned } from "../durable/restart/learned.ts";
import type { RestartPolicyName } from "../durable/restart/policies.ts";
import { seededRandom } from "../scripts/traffic/random.ts";

/** What there is to see of a run at one sample. Bytes and ms; counts since the start of the run. */
export interface Reading {
  readonly allocatedBytes: number;
  /** The truth; NaN where the guest does not tell it. */
  readonly liveBytes: number;
  readonly requests: number;
  readonly hits: number;
  readonly outbound: number;
}

/** Who decides on restarts. Asked after an answer, at most once in a sample interval. */
export interface Supervisor {
  /** The first instance of an object in memory. */
  started(nowMs: number, bytes: number): void;
  isDue(nowMs: number): boolean;
  /** @returns why to restart now, or undefined to keep the instance */
  sample(nowMs: number, reading: Reading): string | undefined;
  restarted(nowMs: number, reason: string, beforeBytes: number, afterBytes: number): void;
  /** The object is gone from memory, and with it all that was not written down. */
  evicted(): void;
}

/** What the object writes down is at most so old when it is evicted. */
const WRITE_INTERVAL_MS = 60_000;

/** The product itself: its controller with one of its policies. */
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

/** An opponent that needs no estimate: a rule on what is seen. */
export class RuleSupervisor implements Supervisor {
  readonly #rule: (uptimeMs: number, reading: Reading) => boolean;
  readonly #settings: Pick<RestartSettings, "sampleIntervalMs" | "minLifetimeMs">;
  readonly #name: string;
  #startedMs = 0;
  #sampledMs = 0;

  /** @param rule true to restart; asked of instances past their minimum lifetime */
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
    // It remembers nothing.
  }
}

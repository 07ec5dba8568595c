import type { RestartSettings } from "../../config/index.ts";
import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import type { Estimate } from "../estimate/estimate.ts";
import { Estimator } from "../estimate/estimator.ts";
import { type PaperEstimate, paperEstimate } from "../estimate/paper/paper-estimate.ts";
import { EstimateTrail } from "../estimate/paper/trail.ts";
import type { Counters } from "../metrics/counters.ts";
import type { Sample, Samples } from "../metrics/samples.ts";
import { hasElapsed } from "../runtime/elapsed.ts";
import { creditAfter } from "./credit.ts";
import { firstStartReason, type LearnedState, observe, restartGeneration, startGeneration } from "./learned.ts";
import { type RestartPolicyName, restartPolicy } from "./policies.ts";
import type { RestartSituation, RestartVerdict } from "./policy.ts";
import { restartPrice } from "./price.ts";
import { afterRestart, priceFactor } from "./price-record.ts";
import { ratioPolicy } from "./ratio.ts";
import { Refill } from "./refill.ts";
import type { StartReason } from "./starts.ts";

type SampledCounts = Pick<Counters, "requests" | "hits" | "outbound">;

/** Values read from the running generation for a sample. */
export interface Reading {
  readonly allocatedBytes: number;
  /** Totals; the controller samples the difference from the previous reading. */
  readonly counts: Readonly<SampledCounts>;
  /** Mean duration of an outbound call; 0 while unknown. */
  readonly callMs?: number;
}

/** The state that a controller starts from, new or stored before an eviction. */
export interface ControllerStart {
  readonly samples: Samples;
  readonly learned: LearnedState;
  readonly counts: Readonly<SampledCounts>;
}

/** The owner's choices. */
export interface ControllerOptions {
  readonly policy: RestartPolicyName;
  readonly settings: RestartSettings;
  /** The filter hands its live entries to the next generation. */
  readonly handover: boolean;
  /** A number from 0 up to, but not including, 1. */
  readonly random: () => number;
  /** The Worker's version, if the platform reports it. A change of version is a deployment. */
  readonly workerVersion?: string | undefined;
}

/**
 * Turns readings into samples and samples into estimates, and lets the policy judge them. It decides and remembers; its
 * owner carries restarts out. The caller always passes the time.
 */
export class RestartController {
  readonly #samples: Samples;
  readonly #options: ControllerOptions;
  readonly #policy;
  readonly #ratio;
  readonly #trail: EstimateTrail;
  #estimator: Estimator;
  #learned: LearnedState;
  #sampledAtMs: number;
  #sampled: SampledCounts;
  #sampledBytes = 0;
  #callMs = 0;
  #grownBytes = 0;
  #jitter: number;
  #refill: Refill | undefined;
  #verdict: RestartVerdict | undefined;
  #ratioVerdict: RestartVerdict | undefined;

  constructor(start: ControllerStart, options: ControllerOptions) {
    const { policy, settings, random } = options;
    this.#samples = start.samples;
    this.#learned = start.learned;
    this.#sampled = { ...start.counts };
    this.#options = options;
    this.#policy = restartPolicy(policy, settings);
    this.#ratio = ratioPolicy(settings);
    this.#trail = new EstimateTrail(settings.binMs);
    this.#estimator = new Estimator(settings, start.learned.knowledge);
    this.#jitter = random();
    // The last sample may be from before an eviction, so that an object that lives for seconds is sampled too.
    const { samples } = start;
    this.#sampledAtMs = samples.length > 0 ? samples.timeMsAt(samples.length - 1) : 0;
  }

  get learned(): LearnedState {
    return this.#learned;
  }

  get samples(): Samples {
    return this.#samples;
  }

  /** The last verdict and the condition that decided it. */
  get verdict(): RestartVerdict | undefined {
    return this.#verdict;
  }

  /** The verdict of the paper's rule, for any policy. */
  get ratioVerdict(): RestartVerdict | undefined {
    return this.#ratioVerdict;
  }

  /** The price of a restart now, in outbound calls. */
  priceCalls(nowMs: number): number {
    return this.#priceOf(this.estimate(nowMs));
  }

  /** Why the first instance starts after the object came into memory. */
  get firstStartReason(): StartReason {
    return firstStartReason(this.#learned, this.#options.workerVersion);
  }

  /**
   * Call when the first instance has started after the object came into memory.
   * @param freshBytes its size without entries
   * @param filledBytes its size with restored entries, if it was filled
   */
  started(nowMs: number, freshBytes: number, filledBytes?: number): void {
    const { workerVersion } = this.#options;
    const allocatedBytes = filledBytes ?? freshBytes;
    const earlier = this.#samplesOf(this.#learned.current?.number);
    this.#learned = startGeneration(this.#learned, { nowMs, allocatedBytes, workerVersion });
    this.#estimator = new Estimator(this.#options.settings, this.#learned.knowledge);
    if (filledBytes !== undefined) this.#estimator.recall(earlier, freshBytes);
    this.#begin(nowMs, allocatedBytes, filledBytes !== undefined);
  }

  /** Call when a fresh instance has replaced the previous one. */
  restarted(
    nowMs: number,
    reason: string,
    allocatedBeforeBytes: number,
    allocatedAfterBytes: number,
    lossless = this.#options.handover,
  ): void {
    const estimate = this.estimate(nowMs);
    const priceCalls = this.#priceOf(estimate);
    this.#settle(nowMs, estimate.ttlMs);
    this.#refill = lossless ? undefined : new Refill(nowMs, estimate, this.#sampled);
    this.#learned = restartGeneration(this.#learned, {
      nowMs,
      reason,
      priceCalls,
      allocatedBeforeBytes,
      allocatedAfterBytes,
    });
    this.#sampledAtMs = nowMs;
    this.#verdict = undefined;
    this.#ratioVerdict = undefined;
    this.#jitter = this.#options.random();
    this.#begin(nowMs, allocatedAfterBytes, lossless);
  }

  /** Whether a sample is due. */
  isDue(nowMs: number): boolean {
    return hasElapsed(this.#sampledAtMs, this.#options.settings.sampleIntervalMs, nowMs);
  }

  /** Takes a sample and asks the policy. */
  sample(nowMs: number, reading: Reading): RestartVerdict {
    const { counts, allocatedBytes } = reading;
    const elapsedMs = nowMs - this.#sampledAtMs;
    const outbound = counts.outbound - this.#sampled.outbound;
    this.#grownBytes = Math.max(0, allocatedBytes - this.#sampledBytes);
    this.#callMs = reading.callMs ?? 0;
    this.#samples.push({
      generation: this.#learned.current?.number ?? 0,
      timeMs: nowMs,
      allocatedBytes,
      grownPages: this.#grownBytes / PAGE_BYTES,
      outbound,
      requests: counts.requests - this.#sampled.requests,
      hits: counts.hits - this.#sampled.hits,
    });
    this.#sampled = { ...counts };
    this.#sampledBytes = allocatedBytes;
    this.#sampledAtMs = nowMs;
    this.#estimator.push(this.#samples.at(this.#samples.length - 1));

    this.#settle(nowMs);
    const paper = this.paperEstimate(nowMs);
    this.#learned = {
      ...observe(this.#learned, paper),
      knowledge: this.#estimator.knowledge,
      creditCalls: creditAfter(this.#learned.creditCalls, outbound, elapsedMs, this.#options.settings.extraCallsShare),
    };
    const situation = this.#situation(nowMs, paper);
    this.#verdict = this.#policy(situation);
    this.#ratioVerdict = this.#ratio(situation);
    this.#trail.push(paper);
    return this.#verdict;
  }

  /** @param presentBytes current size of the instance; by default its size at the last sample */
  estimate(nowMs: number, presentBytes?: number): Estimate {
    return this.#estimator.estimate(nowMs, presentBytes);
  }

  /** The estimate by the paper's rule. */
  paperEstimate(nowMs: number, presentBytes?: number): PaperEstimate {
    return paperEstimate(this.#samples, this.#learned, this.#options.settings, nowMs, presentBytes);
  }

  /** The samples of the generation that was sampled last; none for any other generation. */
  #samplesOf(generation: number | undefined): Sample[] {
    return generation === undefined
      ? []
      : this.#samples.recent(this.#samples.length - this.#samples.firstOf(generation));
  }

  #priceOf(estimate: Estimate): number {
    const expected = restartPrice(estimate, this.#options.handover, this.#callMs);
    return expected * priceFactor(this.#learned.prices, estimate.lostCalls);
  }

  #situation(nowMs: number, paper: PaperEstimate): RestartSituation {
    const estimate = this.estimate(nowMs);
    return {
      nowMs,
      estimate,
      paper,
      previous: this.#trail.all,
      creditCalls: this.#learned.creditCalls,
      priceCalls: this.#priceOf(estimate),
      grownBytes: this.#grownBytes,
      jitter: this.#jitter,
    };
  }

  /** Records the actual price of the last restart, if at least `afterMs` have passed since. */
  #settle(nowMs: number, afterMs = this.#refill?.lastsMs ?? 0): void {
    const refill = this.#refill;
    if (refill === undefined || nowMs - refill.beganMs < afterMs) return;
    this.#refill = undefined;
    const prices = afterRestart(this.#learned.prices, refill.expectedCalls, refill.actualCalls(this.#sampled));
    this.#learned = { ...this.#learned, prices };
  }

  #begin(nowMs: number, allocatedBytes: number, lossless = false): void {
    this.#sampledBytes = allocatedBytes;
    this.#grownBytes = 0;
    this.#estimator.started(this.#learned.current?.number ?? 0, nowMs, allocatedBytes, lossless);
  }
}

import type { RestartSettings } from "../../config/index.ts";
import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import type { Estimate } from "../estimate/estimate.ts";
import { type AnswerClass, Estimator } from "../estimate/estimator.ts";
import { withLosses } from "../estimate/loss-cost.ts";
import { type PaperEstimate, paperEstimate } from "../estimate/paper/paper-estimate.ts";
import { EstimateTrail } from "../estimate/paper/trail.ts";
import type { Counters } from "../metrics/counters.ts";
import type { Sample, Samples } from "../metrics/samples.ts";
import type { CallLoad } from "../outbound/call-load.ts";
import { hasElapsed } from "../runtime/elapsed.ts";
import { creditCalls, noted } from "./call-account.ts";
import { growsWithoutCalls } from "./call-free-growth.ts";
import { firstStartReason, type LearnedState, observe, restartGeneration, startGeneration } from "./learned.ts";
import { type RestartPolicyName, restartPolicy } from "./policies.ts";
import type { RestartSituation, RestartVerdict } from "./policy.ts";
import { queueingFactor } from "./price.ts";
import { ratioPolicy } from "./ratio.ts";
import { type EntryCounts, RestartCost } from "./restart-cost.ts";
import type { StartReason } from "./starts.ts";
import { restartWorkMs, workCreditAfter } from "./work-account.ts";

type SampledCounts = Pick<Counters, "requests" | "hits" | "outbound">;

/** Values read from the running generation for a sample. */
export interface Reading {
  readonly allocatedBytes: number;
  /** Totals; the controller samples the difference from the previous reading. */
  readonly counts: Readonly<SampledCounts>;
  readonly calls?: CallLoad;
  /** The filter asks for a fresh instance. */
  readonly restartWanted?: boolean;
}

/** The state that a controller starts from, new or stored before an eviction. */
export interface ControllerStart {
  readonly samples: Samples;
  readonly learned: LearnedState;
  readonly counts: Readonly<SampledCounts>;
}

/** A restart as the estimates saw it before. */
export interface ExpectedRestart {
  /** The generation that ended. */
  readonly generation: number;
  /** Bytes freed at once. */
  readonly gainBytes: number;
  /** Extra outbound calls. */
  readonly priceCalls: number;
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
  #calls: CallLoad = { meanMs: 0, concurrency: 1 };
  #grownBytes = 0;
  #jitter: number;
  readonly #cost = new RestartCost();
  /** Sum over the instance's life of allocated - handedOver. */
  #carriedByteMs = 0;
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
    return this.#options.handover ? 0 : this.#pricesOf(this.estimate(nowMs))[0]!;
  }

  /** Extra outbound calls that restarts may still cost. Negative if the last ones cost more than expected. */
  get creditCalls(): number {
    return creditCalls(this.#learned.account, this.#options.settings.extraCallsShare);
  }

  /**
   * An outbound call was answered.
   * @param question a hash of all that makes two calls equal, 32 bits unsigned
   * @param askedAtMs when it began
   */
  called(question: number, askedAtMs: number, outcome: AnswerClass): void {
    this.#estimator.called(question, askedAtMs, outcome);
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

  /** Call when a fresh instance has replaced the previous one. @returns what the restart promised */
  restarted(
    nowMs: number,
    reason: string,
    allocatedBeforeBytes: number,
    allocatedAfterBytes: number,
    lossless = this.#options.handover,
  ): ExpectedRestart {
    const estimate = this.estimate(nowMs);
    const { startBytes, handedOverBytes } = this.estimate(nowMs, allocatedBeforeBytes);
    const generation = this.#learned.current?.number ?? 0;
    const priceCalls = lossless ? 0 : this.#pricesOf(estimate)[0]!;
    // First while the cache fills, then afterwards.
    this.#settle(nowMs, true);
    this.#settle(nowMs, true);
    if (!lossless) {
      this.#cost.lost({
        atMs: nowMs,
        ttlMs: estimate.ttlMs,
        debitedCalls: priceCalls,
        lostEntries: this.#estimator.entriesByAge,
        hitShare: estimate.hitShare,
        requestsPerSecond: estimate.requestsPerSecond,
        counts: this.#entryCounts,
      });
    }
    this.#learned = restartGeneration(this.#learned, {
      nowMs,
      reason,
      priceCalls,
      workMs: restartWorkMs(lossless ? allocatedAfterBytes : 0),
      allocatedBeforeBytes,
      allocatedAfterBytes,
    });
    this.#sampledAtMs = nowMs;
    this.#verdict = undefined;
    this.#ratioVerdict = undefined;
    this.#jitter = this.#options.random();
    this.#begin(nowMs, allocatedAfterBytes, lossless);
    const gainBytes = Math.max(0, allocatedBeforeBytes - (lossless ? handedOverBytes : startBytes));
    return { generation, gainBytes, priceCalls };
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
    this.#calls = reading.calls ?? this.#calls;
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
      account: noted(this.#learned.account, nowMs, this.#estimator.demandedCalls, 0),
      workCreditMs: workCreditAfter(this.#learned.workCreditMs, elapsedMs, this.#options.settings.workShare),
    };
    const situation = { ...this.#situation(nowMs, paper, elapsedMs), restartWanted: reading.restartWanted ?? false };
    this.#verdict = this.#policy(situation);
    this.#ratioVerdict = this.#ratio(situation);
    this.#trail.push(paper);
    return this.#verdict;
  }

  /** @param presentBytes current size of the instance; by default its size at the last sample */
  estimate(nowMs: number, presentBytes?: number): Estimate {
    return this.#estimator.estimate(nowMs, presentBytes, this.#learned.losses);
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

  /** Prices now and at each step of the next TTL: lost calls, dearer while the places of calls are busy. */
  #pricesOf(estimate: Estimate): number[] {
    const factor = queueingFactor(estimate, this.#calls);
    return estimate.lostCalls.map((calls) => calls * factor);
  }

  #situation(nowMs: number, paper: PaperEstimate, elapsedMs: number): Omit<RestartSituation, "restartWanted"> {
    const estimate = this.estimate(nowMs);
    const { allocatedBytes, handedOverBytes } = estimate;
    this.#carriedByteMs += Math.max(0, allocatedBytes - handedOverBytes) * Math.max(0, elapsedMs);
    return {
      nowMs,
      estimate,
      paper,
      previous: this.#trail.all,
      handover: this.#options.handover,
      creditCalls: this.creditCalls,
      lostCalls: this.#pricesOf(estimate),
      carriedByteMs: this.#carriedByteMs,
      growsWithoutCalls: this.#growsWithoutCalls(nowMs, estimate),
      workMs: restartWorkMs(this.#options.handover ? handedOverBytes : 0),
      workCreditMs: this.#learned.workCreditMs,
      grownBytes: this.#grownBytes,
      jitter: this.#jitter,
    };
  }

  #growsWithoutCalls(nowMs: number, { startBytes, allocatedBytes }: Estimate): boolean {
    const { current } = this.#learned;
    if (current === undefined) return false;
    const instance = { generation: current.number, startedMs: current.startedMs, nowMs, startBytes, allocatedBytes };
    return growsWithoutCalls(this.#samples, instance, this.#options.settings.callFreeGrowth);
  }

  /** Replaces the expected price of the last restart by the real one, as far as it is known. */
  #settle(nowMs: number, isOver = false): void {
    const { ttlMs, extraCalls } = this.#estimator;
    const found = this.#cost.settle({ nowMs, ttlMs, counts: this.#entryCounts, repeated: extraCalls }, isOver);
    if (found === undefined) return;
    this.#learned = {
      ...this.#learned,
      losses: withLosses(this.#learned.losses, found.lostEntries, found.extraCalls),
      account: noted(this.#learned.account, nowMs, 0, found.correctionCalls),
    };
  }

  /** Totals without what was denied or failed. */
  get #entryCounts(): EntryCounts {
    const { otherCalls } = this.#estimator;
    return { requests: this.#sampled.requests - otherCalls, outbound: this.#sampled.outbound - otherCalls };
  }

  #begin(nowMs: number, allocatedBytes: number, lossless = false): void {
    this.#sampledBytes = allocatedBytes;
    this.#grownBytes = 0;
    this.#carriedByteMs = 0;
    this.#estimator.started(this.#learned.current?.number ?? 0, nowMs, allocatedBytes, lossless);
  }
}

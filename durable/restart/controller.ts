import { type Estimate, estimate } from "../estimate/estimate.ts";
import type { EstimateSettings } from "../estimate/settings.ts";
import { EstimateTrail } from "../estimate/trail.ts";
import type { Counters } from "../metrics/counters.ts";
import type { Samples } from "../metrics/samples.ts";
import { type Learned, observe, restartGeneration, startGeneration } from "./learned.ts";
import type { RestartPolicy, RestartVerdict } from "./policy.ts";

const PAGE_BYTES = 65_536;

type SampledCounts = Pick<Counters, "requests" | "hits" | "outbound">;

/** What is read off the running generation for a sample. */
export interface Reading {
  readonly allocatedBytes: number;
  /** Totals; the controller samples what was added since the previous reading. */
  readonly counts: Readonly<SampledCounts>;
}

/**
 * Turns readings into samples, samples into an estimate, and lets the policy judge it. It decides and remembers; the
 * restart itself is its owner's work. `now` is always handed in.
 */
export class RestartController {
  readonly #samples: Samples;
  readonly #settings: EstimateSettings;
  readonly #policy: RestartPolicy;
  readonly #trail: EstimateTrail;
  #learned: Learned;
  #sampledAtMs: number;
  #sampled: SampledCounts;
  #sampledBytes = 0;
  #verdict: RestartVerdict | undefined;

  constructor(
    kept: { samples: Samples; learned: Learned; counts: Readonly<SampledCounts> },
    settings: EstimateSettings,
    policy: RestartPolicy,
  ) {
    this.#samples = kept.samples;
    this.#learned = kept.learned;
    this.#sampled = { ...kept.counts };
    this.#settings = settings;
    this.#policy = policy;
    this.#trail = new EstimateTrail(settings.binMs);
    // Of any life of the object: one that lasts seconds must get its turn to be sampled too.
    const { samples } = kept;
    this.#sampledAtMs = samples.length > 0 ? samples.timeMsAt(samples.length - 1) : 0;
  }

  get learned(): Learned {
    return this.#learned;
  }

  get samples(): Samples {
    return this.#samples;
  }

  /** The last judgement and the condition that decided it. */
  get verdict(): RestartVerdict | undefined {
    return this.#verdict;
  }

  /** The first instance since the object came into memory. */
  started(nowMs: number, allocatedBytes: number): void {
    this.#learned = startGeneration(this.#learned, { nowMs, allocatedBytes });
    this.#sampledBytes = allocatedBytes;
  }

  /** A fresh instance took the place of the one before. */
  restarted(nowMs: number, reason: string, allocatedBeforeBytes: number, allocatedAfterBytes: number): void {
    this.#learned = restartGeneration(this.#learned, { nowMs, reason, allocatedBeforeBytes, allocatedAfterBytes });
    this.#sampledAtMs = nowMs;
    this.#sampledBytes = allocatedAfterBytes;
    this.#verdict = undefined;
  }

  /** True once the interval is over; a clock that was set back counts as over, so that sampling never stops. */
  isDue(nowMs: number): boolean {
    return nowMs - this.#sampledAtMs >= this.#settings.sampleIntervalMs || nowMs < this.#sampledAtMs;
  }

  /** Takes a sample and judges. */
  sample(nowMs: number, reading: Reading): RestartVerdict {
    const { counts, allocatedBytes } = reading;
    this.#samples.push({
      generation: this.#learned.current?.number ?? 0,
      timeMs: nowMs,
      allocatedBytes,
      grownPages: (allocatedBytes - this.#sampledBytes) / PAGE_BYTES,
      outbound: counts.outbound - this.#sampled.outbound,
      requests: counts.requests - this.#sampled.requests,
      hits: counts.hits - this.#sampled.hits,
    });
    this.#sampled = { ...counts };
    this.#sampledBytes = allocatedBytes;
    this.#sampledAtMs = nowMs;

    const now = this.estimate(nowMs);
    this.#learned = observe(this.#learned, now);
    this.#verdict = this.#policy({
      nowMs,
      estimate: now,
      previous: this.#trail.all,
      history: this.#learned,
      samples: this.#samples,
    });
    this.#trail.push(now);
    return this.#verdict;
  }

  /** @param presentBytes what the instance holds now; left out, what it held at the last sample */
  estimate(nowMs: number, presentBytes?: number): Estimate {
    return estimate(this.#samples, this.#learned, this.#settings, nowMs, presentBytes);
  }
}

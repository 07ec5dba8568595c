import type { Estimate } from "../durable/estimate/estimate.ts";
import { currentTtlMs, type EntryTtl } from "./guests/entry-ttl.ts";
import type { Curve, RunRow } from "./results.ts";
import type { Reading } from "./supervisor.ts";

/** Number of points of a curve. */
const POINTS = 288;
/** An estimate takes longer than the rest of a sample. */
const ESTIMATE_INTERVAL_MS = 30_000;
/** The evaluation counts an estimate of the TTL within this factor of the truth as right. */
const RIGHT_FACTOR = 1.25;

/** What a run's estimate was worth. */
export type EstimateQuality = Pick<RunRow, "requiredError" | "ttlKnownAfterMs" | "ttlRatio" | "ttlWorstRatio" | "ttl">;

export const NO_ESTIMATE: EstimateQuality = {
  requiredError: null,
  ttlKnownAfterMs: null,
  ttlRatio: null,
  ttlWorstRatio: null,
  ttl: { finalMs: null, firstMeasuredMs: null, worstWhileMeasured: null, longestOffMs: null },
};

/** Records the samples of a run: curves over time, and the error of the estimate. */
export class Recorder {
  readonly #estimateAt: ((nowMs: number) => Pick<Estimate, "requiredBytes" | "ttlMs" | "ttlConfidence">) | undefined;
  readonly #ttl: EntryTtl;
  readonly #stepMs: number;
  readonly #times: number[] = [];
  readonly #allocated: number[] = [];
  readonly #required: number[] = [];
  readonly #estimated: number[] = [];
  readonly #hitRates: number[] = [];
  #nextMs = 0;
  #nextEstimateMs = 0;
  #before = { requests: 0, hits: 0 };
  #estimatedBytes = Number.NaN;
  #errors = 0;
  #errorSamples = 0;
  #finalTtlMs: number | null = null;
  #knownAfterMs: number | null = null;
  #ratio: number | null = null;
  #worstLog = 0;
  /** Since when the TTL counts as measured although it is not right. */
  #offSinceMs: number | undefined;
  #longestOffMs = 0;

  /** @param estimateAt the policy's estimate; undefined for a policy without one */
  constructor(
    estimateAt: ((nowMs: number) => Pick<Estimate, "requiredBytes" | "ttlMs" | "ttlConfidence">) | undefined,
    ttl: EntryTtl,
    spanMs: number,
  ) {
    this.#estimateAt = estimateAt;
    this.#ttl = ttl;
    this.#stepMs = spanMs / POINTS;
  }

  add(nowMs: number, reading: Reading): void {
    const { allocatedBytes, liveBytes, requests, hits } = reading;
    if (nowMs >= this.#nextEstimateMs && this.#estimateAt !== undefined) {
      this.#nextEstimateMs = nowMs + ESTIMATE_INTERVAL_MS;
      this.#judge(nowMs, liveBytes, this.#estimateAt(nowMs));
    }
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + this.#stepMs;
    const asked = requests - this.#before.requests;
    this.#times.push(nowMs);
    this.#allocated.push(allocatedBytes);
    this.#required.push(liveBytes);
    this.#estimated.push(this.#estimatedBytes);
    this.#hitRates.push(asked > 0 ? (hits - this.#before.hits) / asked : 0);
    this.#before = { requests, hits };
  }

  get curve(): Omit<Curve, "scenario" | "policy"> {
    return {
      timesMs: this.#times,
      allocatedBytes: this.#allocated,
      requiredBytes: this.#required,
      estimatedBytes: this.#estimated,
      hitRate: this.#hitRates,
    };
  }

  get estimate(): EstimateQuality {
    const known = this.#knownAfterMs !== null;
    const worst = known ? Math.exp(this.#worstLog) : null;
    return {
      requiredError: this.#errorSamples > 0 ? this.#errors / this.#errorSamples : null,
      ttlKnownAfterMs: this.#knownAfterMs,
      ttlRatio: this.#ratio,
      ttlWorstRatio: worst,
      ttl: {
        finalMs: this.#finalTtlMs,
        firstMeasuredMs: this.#knownAfterMs,
        worstWhileMeasured: worst,
        longestOffMs: known ? this.#longestOffMs : null,
      },
    };
  }

  #judge(
    nowMs: number,
    liveBytes: number,
    estimate: Pick<Estimate, "requiredBytes" | "ttlMs" | "ttlConfidence">,
  ): void {
    this.#estimatedBytes = estimate.requiredBytes;
    this.#finalTtlMs = estimate.ttlMs;
    if (nowMs >= 2 * this.#ttl.ttlMs && liveBytes > 0) {
      this.#errors += Math.abs(estimate.requiredBytes / liveBytes - 1);
      this.#errorSamples += 1;
    }
    if (estimate.ttlConfidence !== "measured") {
      this.#offSinceMs = undefined;
      return;
    }
    this.#knownAfterMs ??= nowMs;
    this.#ratio = estimate.ttlMs / currentTtlMs(this.#ttl, nowMs);
    const offLog = Math.abs(Math.log(this.#ratio));
    this.#worstLog = Math.max(this.#worstLog, offLog);
    if (offLog <= Math.log(RIGHT_FACTOR)) this.#offSinceMs = undefined;
    else {
      this.#offSinceMs ??= nowMs;
      this.#longestOffMs = Math.max(this.#longestOffMs, nowMs - this.#offSinceMs);
    }
  }
}

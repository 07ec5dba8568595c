import type { Curve, RunRow } from "./results.ts";
import { PolicySupervisor, type Reading, type Supervisor } from "./supervisor.ts";

/** Number of points of a curve. */
const POINTS = 288;

/** Records the samples of a run: curves over time, and the error of the estimate. */
export class Recorder {
  readonly #supervisor: Supervisor;
  readonly #ttlMs: number;
  readonly #stepMs: number;
  readonly #times: number[] = [];
  readonly #allocated: number[] = [];
  readonly #required: number[] = [];
  readonly #estimated: number[] = [];
  readonly #hitRates: number[] = [];
  #nextMs = 0;
  #before = { requests: 0, hits: 0 };
  #errors = 0;
  #errorSamples = 0;
  #knownAfterMs: number | null = null;
  #ratio: number | null = null;
  #worstLog = 0;

  constructor(supervisor: Supervisor, ttlMs: number, spanMs: number) {
    this.#supervisor = supervisor;
    this.#ttlMs = ttlMs;
    this.#stepMs = spanMs / POINTS;
  }

  add(nowMs: number, reading: Reading): void {
    const { allocatedBytes, liveBytes, requests, hits } = reading;
    const estimate =
      this.#supervisor instanceof PolicySupervisor ? this.#supervisor.controller.estimate(nowMs) : undefined;
    if (estimate !== undefined) {
      if (nowMs >= 2 * this.#ttlMs && liveBytes > 0) {
        this.#errors += Math.abs(estimate.requiredBytes / liveBytes - 1);
        this.#errorSamples += 1;
      }
      if (estimate.ttlConfidence === "measured") {
        this.#knownAfterMs ??= nowMs;
        this.#ratio = estimate.ttlMs / this.#ttlMs;
        this.#worstLog = Math.max(this.#worstLog, Math.abs(Math.log(this.#ratio)));
      }
    }
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + this.#stepMs;
    const asked = requests - this.#before.requests;
    this.#times.push(nowMs);
    this.#allocated.push(allocatedBytes);
    this.#required.push(liveBytes);
    this.#estimated.push(estimate?.requiredBytes ?? Number.NaN);
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

  get estimate(): Pick<RunRow, "requiredError" | "ttlKnownAfterMs" | "ttlRatio" | "ttlWorstRatio"> {
    return {
      requiredError: this.#errorSamples > 0 ? this.#errors / this.#errorSamples : null,
      ttlKnownAfterMs: this.#knownAfterMs,
      ttlRatio: this.#ratio,
      ttlWorstRatio: this.#knownAfterMs === null ? null : Math.exp(this.#worstLog),
    };
  }
}

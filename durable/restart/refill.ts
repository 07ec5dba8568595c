import type { Estimate } from "../estimate/estimate.ts";

interface Counts {
  readonly requests: number;
  readonly outbound: number;
}

/** How many TTLs pass until what a restart cost is counted: in the first its entries are fetched again, later than that some twice. */
const REFILL_TTLS = 1;

/** The time after a restart, in which more outbound calls are made than without it would have been. */
export class Refill {
  readonly beganMs: number;
  readonly lastsMs: number;
  readonly expectedCalls: number;
  readonly #missShare: number;
  readonly #before: Counts;

  /**
   * @param estimate of the instance that ended
   * @param before counts at its end
   */
  constructor(beganMs: number, estimate: Estimate, before: Counts) {
    this.beganMs = beganMs;
    this.lastsMs = REFILL_TTLS * estimate.ttlMs;
    this.expectedCalls = estimate.lostCalls;
    const requests = (estimate.requestsPerSecond * estimate.ttlMs) / 1_000;
    this.#missShare = requests > 0 ? Math.min(1, estimate.demandCalls / requests) : 1;
    this.#before = { ...before };
  }

  /** Outbound calls beyond those that as many requests had made of a full cache. */
  actualCalls(now: Counts): number {
    const requests = now.requests - this.#before.requests;
    return now.outbound - this.#before.outbound - this.#missShare * requests;
  }
}

import type { Estimate } from "../estimate/estimate.ts";

interface Counts {
  readonly requests: number;
  readonly outbound: number;
}

/** Duration in TTLs. In the first TTL the lost entries are fetched again; after that, some are fetched a second time. */
const REFILL_TTLS = 1;

/** The time after a restart in which the cache fills again. Counts the outbound calls that the restart cost. */
export class Refill {
  readonly beganMs: number;
  readonly lastsMs: number;
  readonly expectedCalls: number;
  readonly #missShare: number;
  readonly #before: Counts;

  /**
   * @param estimate the last one of the ended instance
   * @param before the counts at its end
   */
  constructor(beganMs: number, estimate: Estimate, before: Counts) {
    this.beganMs = beganMs;
    this.lastsMs = REFILL_TTLS * estimate.ttlMs;
    this.expectedCalls = estimate.lostCalls;
    const requests = (estimate.requestsPerSecond * estimate.ttlMs) / 1_000;
    this.#missShare = requests > 0 ? Math.min(1, estimate.demandCalls / requests) : 1;
    this.#before = { ...before };
  }

  /** Outbound calls in excess of those that the same requests would have made with a full cache. */
  actualCalls(now: Counts): number {
    const requests = now.requests - this.#before.requests;
    return now.outbound - this.#before.outbound - this.#missShare * requests;
  }
}

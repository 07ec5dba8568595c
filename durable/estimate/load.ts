import { clamp } from "./clamp.ts";
import { type Demand, demandNow } from "./demand.ts";
import { OutboundCurve } from "./outbound-curve.ts";

/** A load is steady if its requests differ by less than this factor. */
export const STEADY = 1.3;
/** Demand is averaged over at least this time. */
export const MIN_DEMAND_MS = 600_000;

/** Today's load, as a full cache would see it. */
export interface LoadNow {
  /** Outbound calls of a full cache in one TTL. */
  readonly demandCalls: number;
  /** Share of requests that need no outbound call while the cache is full. */
  readonly hitShare: number;
  /** While the demand was counted. */
  readonly requestsPerSecond: number;
  /** Requests come clearly faster than over the last TTL. */
  readonly isRising: boolean;
}

export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The load of a service over all generations: all requests, and the outbound calls that a full cache would have made. */
export class Load {
  #curve = new OutboundCurve(0);
  #hasStarted = false;
  #sinceMs = 0;
  /** Demand is known from one TTL after this time on. */
  #fromMs = 0;

  /** Calls of a full cache, and requests. */
  get curve(): OutboundCurve {
    return this.#curve;
  }

  /** An instance started. @param isFirst of the service, as far as samples tell */
  started(startedMs: number, isFirst: boolean): void {
    // After an eviction the first instance of the object is not the service's first.
    if (isFirst || !this.#hasStarted) this.#fromMs = this.#sinceMs = startedMs;
    if (!this.#hasStarted) this.#curve = new OutboundCurve(startedMs);
    this.#hasStarted = true;
  }

  /** Adds a sample. @param calls that a full cache would have made */
  push(timeMs: number, calls: number, requests: number): void {
    this.#curve.push(timeMs, calls, requests);
  }

  /** The TTL has changed: demand is known from one TTL after this time on. */
  ttlChanged(fromMs: number): void {
    this.#fromMs = Math.max(this.#fromMs, fromMs);
  }

  #demand(ttlMs: number): Demand {
    const { endMs } = this.#curve;
    return demandNow(this.#curve, ttlMs, Math.min(this.#fromMs + ttlMs, endMs - ttlMs), MIN_DEMAND_MS);
  }

  /** The newest time over which the demand was averaged. */
  steadyTime(ttlMs: number): TimeSpan {
    const { endMs: toMs } = this.#curve;
    return { fromMs: toMs - this.#demand(ttlMs).windowMs, toMs };
  }

  /** @param nowMs time of the last sample, or of a start after it */
  now(ttlMs: number, nowMs = this.#curve.endMs): LoadNow {
    const { endMs } = this.#curve;
    const { calls, windowMs } = this.#demand(ttlMs);
    const requests = this.#curve.requestsSince(endMs - windowMs);
    return {
      demandCalls: calls,
      hitShare: requests > 0 ? clamp(1 - (calls * windowMs) / ttlMs / requests, 0, 1) : 0,
      requestsPerSecond: (1_000 * requests) / Math.max(1, Math.min(windowMs, nowMs - this.#sinceMs)),
      isRising: isRising(this.#curve, ttlMs),
    };
  }
}

/** Whether the last quarter of a TTL has clearly more requests than its share. */
function isRising(curve: OutboundCurve, ttlMs: number): boolean {
  const quarter = curve.requestsIn(curve.endMs - ttlMs, curve.endMs) / 4;
  return curve.requestsIn(curve.endMs - ttlMs / 4, curve.endMs) > STEADY * quarter + 2 * Math.sqrt(quarter);
}

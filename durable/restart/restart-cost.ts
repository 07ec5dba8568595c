import { NO_LOSSES } from "../estimate/loss-cost.ts";
import { RealPrice } from "./real-price.ts";

/** Totals without what was denied or failed. */
export interface EntryCounts {
  readonly requests: number;
  readonly outbound: number;
}

/** A restart without handover. */
export interface Loss {
  readonly atMs: number;
  readonly ttlMs: number;
  /** The expected cost, which the account has already. */
  readonly debitedCalls: number;
  /** By age class. */
  readonly lostEntries: readonly number[];
  /** Share of hits of the lost cache. */
  readonly hitShare: number;
  readonly requestsPerSecond: number;
  readonly counts: EntryCounts;
}

/** The present. */
export interface Progress {
  readonly nowMs: number;
  readonly ttlMs: number;
  readonly counts: EntryCounts;
  /** Calls since the restart for questions whose answers were lost, by age class of those answers. */
  readonly repeated: readonly number[];
}

/** What a restart cost beyond what the account has, and what is to be learned from it, by age class of the lost entries. */
export interface Settlement {
  readonly correctionCalls: number;
  readonly lostEntries: readonly number[];
  readonly extraCalls: readonly number[];
}

/** Two estimates of one TTL differ by less than this factor. */
const SAME_TTL = 1.25;
/** A load is steady if its requests differ by less than this factor. */
const STEADY = 1.3;
/** Entries that live longer than the TTL are missed for so many TTLs at most. */
const LATE_TTLS = 16;

/** Finds what restarts really cost: while the cache fills, for one TTL, and afterwards, if entries live longer than that. */
export class RestartCost {
  readonly #whileFilling = new RealPrice();
  readonly #afterwards = new RealPrice();
  #loss: Loss | undefined;
  /** The same restart, counted from the end of the first TTL. */
  #late: Loss | undefined;

  /** The cache was lost. */
  lost(loss: Loss): void {
    this.#loss = loss;
    this.#late = undefined;
  }

  /** Call at each sample, and with `isOver` before the cache is lost again. Undefined if there is nothing new. */
  settle(now: Progress, isOver = false): Settlement | undefined {
    const loss = this.#loss;
    if (loss !== undefined && (isOver || now.nowMs - loss.atMs >= loss.ttlMs)) {
      this.#loss = undefined;
      this.#late = { ...loss, atMs: now.nowMs, counts: now.counts };
      return settled(loss, now, this.#whileFilling);
    }
    const late = this.#late;
    if (late !== undefined && (isOver || now.nowMs - late.atMs >= LATE_TTLS * late.ttlMs)) {
      this.#late = undefined;
      return settledLate(late, now, this.#afterwards);
    }
    return undefined;
  }
}

function settled(loss: Loss, now: Progress, price: RealPrice): Settlement {
  const { lostEntries, debitedCalls, atMs, ttlMs } = loss;
  const repeated = sumOf(now.repeated);
  const calls = price.of({ repeated, debited: debitedCalls, ...callsSince(loss, now) });
  // A cache that was lost again before it filled has not shown its whole price.
  const share = Math.min(1, Math.max(0, now.nowMs - atMs) / Math.max(1, ttlMs));
  return {
    correctionCalls: calls - debitedCalls,
    lostEntries: lostEntries.map((entries) => share * (2 - share) * entries),
    extraCalls: spread(calls, repeated > 0 ? now.repeated : lostEntries),
  };
}

function settledLate(loss: Loss, now: Progress, price: RealPrice): Settlement | undefined {
  if (!isComparable(loss, now)) return undefined;
  const calls = price.of({ repeated: 0, debited: 0, ...callsSince(loss, now) });
  if (calls === 0) return undefined;
  return {
    correctionCalls: calls,
    lostEntries: NO_LOSSES.lostEntries,
    extraCalls: spread(calls, loss.lostEntries),
  };
}

function callsSince(loss: Loss, now: Progress): { all: number; expected: number | undefined } {
  const requests = now.counts.requests - loss.counts.requests;
  // With fewer requests the share of hits falls too, and with more it rises: at most so many calls were to be expected.
  const expected = (1 - loss.hitShare) * Math.max(requests, requestsBefore(loss, now));
  const all = now.counts.outbound - loss.counts.outbound;
  return { all, expected: isComparable(loss, now) ? expected : undefined };
}

/** With another TTL or under another load, the same requests make other calls. */
function isComparable(loss: Loss, now: Progress): boolean {
  const requests = now.counts.requests - loss.counts.requests;
  return isWithin(SAME_TTL, now.ttlMs, loss.ttlMs) && isWithin(STEADY, requests, requestsBefore(loss, now));
}

/** Requests in the time since the loss at the rate before it. */
function requestsBefore({ atMs, requestsPerSecond }: Loss, { nowMs }: Progress): number {
  return (requestsPerSecond * Math.max(0, nowMs - atMs)) / 1_000;
}

function isWithin(factor: number, a: number, b: number): boolean {
  return a < factor * b && b < factor * a;
}

/** Calls by age class, in proportion. */
function spread(calls: number, shares: readonly number[]): readonly number[] {
  const sum = sumOf(shares);
  return sum > 0 ? shares.map((share) => (calls * share) / sum) : shares;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

import { AGE_CLASSES, ageClass, costAt, costUpTo, type LossCost } from "./loss-cost.ts";
import type { OutboundCurve } from "./outbound-curve.ts";

/** Losses are known now and at so many equal steps of the next TTL. */
export const LOSS_STEPS = 8;

const PARTS_OF_TTL = 64;
const MAX_PARTS = 12;

/** The present cache, as far as the calls tell. */
export interface Cache {
  readonly curve: OutboundCurve;
  readonly emptyAtMs: number;
  readonly ttlMs: number;
}

/**
 * Expected extra outbound calls if the cache is lost: now, and at each step of the next TTL. Entries grow old, and new ones
 * come at today's rate.
 */
export function lostCalls(cache: Cache, demandCalls: number, cost: LossCost): number[] {
  const steps = Array.from({ length: LOSS_STEPS + 1 }, (_, step) => step / LOSS_STEPS);
  const lost = steps.map((ahead) => demandCalls * costUpTo(cost, ahead));
  for (const { calls, ageTtls } of entries(cache)) {
    for (const [step, ahead] of steps.entries()) lost[step]! += calls * costAt(cost, ageTtls + ahead);
  }
  return lost;
}

/** Entries of the cache by age class. */
export function entriesByAge(cache: Cache): number[] {
  const counts = new Array<number>(AGE_CLASSES).fill(0);
  for (const { calls, ageTtls } of entries(cache)) counts[ageClass(ageTtls) ?? AGE_CLASSES - 1]! += calls;
  return counts;
}

function* entries({ curve, emptyAtMs, ttlMs }: Cache): Generator<{ calls: number; ageTtls: number }> {
  const nowMs = curve.endMs;
  for (const { calls, middleMs, lengthMs } of curve.piecesSince(Math.max(emptyAtMs, nowMs - ttlMs))) {
    // The youngest age classes are shorter than a sample.
    const parts = Math.min(MAX_PARTS, Math.ceil((PARTS_OF_TTL * lengthMs) / ttlMs));
    for (let part = 0; part < parts; part += 1) {
      const partMs = middleMs + ((part + 0.5) / parts - 0.5) * lengthMs;
      yield { calls: calls / parts, ageTtls: Math.max(0, nowMs - partMs) / ttlMs };
    }
  }
}

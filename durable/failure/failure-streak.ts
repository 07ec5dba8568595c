import type { Service } from "../../config/index.ts";
import { hasElapsed, pauseLeftMs } from "../runtime/elapsed.ts";
import { BACKOFF, backoffMs } from "./backoff.ts";

type FailurePolicy = Service["failurePolicy"];

/** Failures of the filter in a row, traps and failed starts alike. Immutable. */
export interface FailureStreak {
  readonly failures: number;
  /** Pauses so far; the first trap of a streak may need none. */
  readonly pauses: number;
  /** Whether one of the failures was a trap: a client may have caused that on purpose. */
  readonly trapped: boolean;
  /** No start before this time. */
  readonly nextStartMs: number;
  /** When an instance first ran again after the last failure; undefined while none runs. */
  readonly runningSinceMs: number | undefined;
}

export const NO_FAILURES: FailureStreak = {
  failures: 0,
  pauses: 0,
  trapped: false,
  nextStartMs: 0,
  runningSinceMs: undefined,
};

interface Moment {
  readonly nowMs: number;
  /** From 0 up to, but not including, 1. */
  readonly random: number;
}

/** A running filter trapped. After the first trap of a streak a fresh instance may start at once, except under `reload`. */
export function afterTrap(streak: FailureStreak, { nowMs, random }: Moment, policy: FailurePolicy): FailureStreak {
  const before = streakAt(streak, nowMs);
  const atOnce = before.failures === 0 && policy !== "reload";
  const pauses = atOnce ? 0 : before.pauses + 1;
  return {
    failures: before.failures + 1,
    pauses,
    trapped: true,
    nextStartMs: atOnce ? nowMs : nowMs + backoffMs(pauses, random),
    runningSinceMs: undefined,
  };
}

/** A start failed. It would fail again at once, so a pause always follows. */
export function afterFailedStart(streak: FailureStreak, { nowMs, random }: Moment): FailureStreak {
  const before = streakAt(streak, nowMs);
  const pauses = before.pauses + 1;
  return {
    failures: before.failures + 1,
    pauses,
    trapped: before.trapped,
    nextStartMs: nowMs + backoffMs(pauses, random),
    runningSinceMs: undefined,
  };
}

/** An instance started. The streak continues until the instance has run for a while. */
export function afterStart(streak: FailureStreak, nowMs: number): FailureStreak {
  return streak.failures === 0 || streak.runningSinceMs !== undefined ? streak : { ...streak, runningSinceMs: nowMs };
}

/** Whether the pause is over. */
export function mayStart(streak: FailureStreak, nowMs: number): boolean {
  return pauseLeftMs(streak.nextStartMs, BACKOFF.capMs, nowMs) === 0;
}

/**
 * Whether requests pass without a decision while the filter cannot be started. Never after a trap in the same streak: a client
 * may have caused the trap to get in.
 */
export function passesUndecided(streak: FailureStreak, policy: FailurePolicy): boolean {
  return policy === "open" && streak.failures > 0 && !streak.trapped;
}

/** The streak as of now: over once an instance has run for long enough. */
function streakAt(streak: FailureStreak, nowMs: number): FailureStreak {
  const { runningSinceMs } = streak;
  if (runningSinceMs === undefined) return streak;
  return hasElapsed(runningSinceMs, BACKOFF.healthyMs, nowMs) ? NO_FAILURES : streak;
}

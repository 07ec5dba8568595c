import type { Service } from "../../config/index.ts";
import { BACKOFF, backoffMs } from "./backoff.ts";

type FailurePolicy = Service["failurePolicy"];

/** Failures of the filter in a streak, traps and failed starts alike. A value, never changed in place. */
export interface FailureStreak {
  readonly failures: number;
  /** Pauses among them; the first trap of a streak may go without one. */
  readonly pauses: number;
  /** True if a trap is among them: then whoever caused it may be waiting for what comes of it. */
  readonly trapped: boolean;
  /** No start before this time. */
  readonly nextStartMs: number;
  /** When an instance first ran again after the last failure; undefined while none does. */
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

/** A running filter trapped. The first trap of a streak is followed by a fresh instance at once, except under `reload`. */
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

/** An instance was started. The streak goes on until it has run for a while. */
export function afterStart(streak: FailureStreak, nowMs: number): FailureStreak {
  return streak.failures === 0 || streak.runningSinceMs !== undefined ? streak : { ...streak, runningSinceMs: nowMs };
}

/** Whether the pause is over. One longer than any pause comes from a clock that was set back, and is over too. */
export function mayStart(streak: FailureStreak, nowMs: number): boolean {
  const pauseMs = streak.nextStartMs - nowMs;
  return pauseMs <= 0 || pauseMs > BACKOFF.capMs;
}

/**
 * Whether requests pass without a decision while the filter cannot be started. Never in a streak that a trap is part of: a
 * request may have caused it, and whoever sent that must not be let in by it.
 */
export function passesUndecided(streak: FailureStreak, policy: FailurePolicy): boolean {
  return policy === "open" && streak.failures > 0 && !streak.trapped;
}

/** The streak as it stands now: forgotten once an instance has run well for long enough, or since a clock was set back. */
function streakAt(streak: FailureStreak, nowMs: number): FailureStreak {
  const { runningSinceMs } = streak;
  if (runningSinceMs === undefined) return streak;
  const healthyMs = nowMs - runningSinceMs;
  return healthyMs >= BACKOFF.healthyMs || healthyMs < 0 ? NO_FAILURES : streak;
}

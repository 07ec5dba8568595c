import { pauseLeftMs } from "../../durable/runtime/elapsed.ts";

/** Limits how fast tokens can be guessed. */
export const ATTEMPT_LIMITS = {
  /** Wrong tokens in a row without a pause: people mistype, and scripts use an old token for a while. */
  free: 10,
  /** The first pause; each further wrong token doubles it. */
  pauseMs: 1_000,
  maxPauseMs: 60_000,
  /** Client groups kept; beyond this the oldest are dropped. */
  groups: 1_024,
} as const;

interface Attempts {
  failures: number;
  pausedUntilMs: number;
}

/**
 * Wrong operator tokens by client group. Only the group that guesses is paused, so no one else can lock the operator out.
 * Each isolate counts for itself, so a guesser gets a few more tries at each location.
 */
export class FailedAttempts {
  readonly #attempts = new Map<string, Attempts>();

  /** How long the group must wait, ms; 0: it may try. */
  pauseMs(group: string, nowMs: number): number {
    const attempts = this.#attempts.get(group);
    if (attempts === undefined) return 0;
    return pauseLeftMs(attempts.pausedUntilMs, ATTEMPT_LIMITS.maxPauseMs, nowMs);
  }

  failed(group: string, nowMs: number): void {
    const failures = (this.#attempts.get(group)?.failures ?? 0) + 1;
    const doublings = failures - ATTEMPT_LIMITS.free;
    const pauseMs = doublings < 0 ? 0 : Math.min(ATTEMPT_LIMITS.pauseMs * 2 ** doublings, ATTEMPT_LIMITS.maxPauseMs);
    this.#attempts.delete(group);
    this.#attempts.set(group, { failures, pausedUntilMs: nowMs + pauseMs });
    const [oldest] = this.#attempts.keys();
    if (this.#attempts.size > ATTEMPT_LIMITS.groups && oldest !== undefined) this.#attempts.delete(oldest);
  }

  succeeded(group: string): void {
    this.#attempts.delete(group);
  }
}

import { pauseLeftMs } from "../../durable/runtime/elapsed.ts";

/** How fast tokens can be guessed. */
export const ATTEMPT_LIMITS = {
  /** Wrong tokens in a row that cost nothing: people mistype, and scripts keep an old one for a while. */
  free: 10,
  /** The first pause after that; each further wrong token doubles it. */
  pauseMs: 1_000,
  maxPauseMs: 60_000,
  /** Groups of clients that are remembered; beyond it the oldest are forgotten. */
  groups: 1_024,
} as const;

interface Attempts {
  failures: number;
  pausedUntilMs: number;
}

/**
 * Wrong operator tokens by client group. Only the group that guesses is paused, so that nobody can lock the operator out. What is
 * remembered is this isolate's alone, so a guesser gets a few more tries at each location.
 */
export class FailedAttempts {
  readonly #attempts = new Map<string, Attempts>();

  /** How long the group has to wait, ms; 0: it may try. */
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

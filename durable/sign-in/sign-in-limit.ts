import { hasElapsed } from "../runtime/elapsed.ts";

/** Calls for requests without a credential. Anyone can cause them, and none is answered from the cache. */
export const SIGN_IN_LIMITS = {
  windowMs: 10_000,
  /** Of one client group in a window: an office behind one address that signs in, and a page there that polls without a session. */
  callsOfClient: 100,
  /** Of all clients of a service in a window. */
  calls: 1_000,
} as const;

export type OverLimit = "client" | "all";

/** Limits calls in each window of time. Only calls within the limit are remembered, so clients cannot make it grow. */
export class SignInLimit {
  readonly #limits: typeof SIGN_IN_LIMITS;
  readonly #byClient = new Map<string, number>();
  #calls = 0;
  #startedMs = Number.NEGATIVE_INFINITY;

  constructor(limits: typeof SIGN_IN_LIMITS = SIGN_IN_LIMITS) {
    this.#limits = limits;
  }

  /** Counts a call, or says which limit it would exceed. */
  take(client: string, nowMs: number): OverLimit | undefined {
    const { windowMs, callsOfClient, calls } = this.#limits;
    if (hasElapsed(this.#startedMs, windowMs, nowMs)) {
      this.#startedMs = nowMs;
      this.#calls = 0;
      this.#byClient.clear();
    }
    const ofClient = this.#byClient.get(client) ?? 0;
    if (ofClient >= callsOfClient) return "client";
    if (this.#calls >= calls) return "all";
    this.#byClient.set(client, ofClient + 1);
    this.#calls += 1;
    return undefined;
  }

  /** Whole seconds until the window ends, at least 1. */
  retryAfterSeconds(nowMs: number): number {
    return Math.max(1, Math.ceil((this.#startedMs + this.#limits.windowMs - nowMs) / 1_000));
  }
}

/** When a server that fails counts as unreachable, and not merely as having failed a call. */
export const UNREACHABLE = {
  /** Calls in a row without any answer. One lost connection is an accident, and a client can cause one. */
  failures: 3,
  /** For at least so long, ms. A burst that times out together is our load as likely as the server's end. */
  silenceMs: 1_000,
} as const;

/**
 * Whether one authorization server can be reached: a property of the server, never of one call. `failOpen` and stale
 * answers hang on it, so no single request that a client shapes, repeats or floods may bring it about: as long as the
 * server answers anybody, it is reachable.
 */
export class Reachability {
  #failures = 0;
  #silentSinceMs = 0;

  /** The server answered something, to anybody. */
  answered(): void {
    this.#failures = 0;
  }

  /** A call got no answer. */
  failed(nowMs: number): void {
    if (this.#failures === 0) this.#silentSinceMs = nowMs;
    this.#failures += 1;
  }

  isUnreachable(nowMs: number): boolean {
    return this.#failures >= UNREACHABLE.failures && nowMs - this.#silentSinceMs >= UNREACHABLE.silenceMs;
  }
}

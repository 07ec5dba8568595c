/**
 * Clients' calls to one server from all objects in the isolate: any of them may keep the server busy. An object that is reset
 * never reports the end of its calls, so they count as over at their deadlines.
 */
export class ServerCalls {
  #underWay = 0;
  #busyUntilMs = Number.NEGATIVE_INFINITY;
  #longestMs = 0;

  started(nowMs: number, timeoutMs: number): void {
    this.#underWay += 1;
    this.#longestMs = Math.max(this.#longestMs, timeoutMs);
    this.#busyUntilMs = Math.max(this.#busyUntilMs, nowMs + timeoutMs);
  }

  ended(nowMs: number): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#busyUntilMs = nowMs;
  }

  /** When the last call ended, or the latest time at which it can end. */
  busyUntilMs(nowMs: number): number {
    // No call lasts that long, so the clock was set back. Correct it once, not anew with each query.
    if (this.#busyUntilMs > nowMs + this.#longestMs) this.#busyUntilMs = nowMs + this.#longestMs;
    return this.#busyUntilMs;
  }
}

/** Clients' calls of one isolate, by the server's base URL or binding. The configuration limits the number of servers. */
export class ServersCalls {
  readonly #byServer = new Map<string, ServerCalls>();

  to(server: string): ServerCalls {
    const known = this.#byServer.get(server);
    if (known !== undefined) return known;
    const calls = new ServerCalls();
    this.#byServer.set(server, calls);
    return calls;
  }
}

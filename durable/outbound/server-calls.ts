/**
 * Clients' calls to one server, those of every object in the isolate: what any of them sent may keep the server busy.
 * Ends are not counted on. An object that is reset never reports the end of its calls; their deadlines then stand in.
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

  /** When the last call ended, or will have at the latest. */
  busyUntilMs(nowMs: number): number {
    // No call lasts so long: the clock was set back. From now on, then, and not again at each question.
    if (this.#busyUntilMs > nowMs + this.#longestMs) this.#busyUntilMs = nowMs + this.#longestMs;
    return this.#busyUntilMs;
  }
}

/** The calls to each server that one isolate knows, by the server's base URL or binding. The configuration bounds them. */
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

/** What went wrong with a call to an authorization server. Nothing of it comes from a client. */
export interface CallFailure {
  readonly cluster: string;
  /** `timeout`, `reset`, `status`, `malformed`, or why the call was not sent or its reply not taken. */
  readonly reason: string;
  readonly status?: number;
  readonly tookMs?: number;
}

/** Between two lines of one kind, ms. Logs are paid for by the line, and a server that is down fails every call. */
const INTERVAL_MS = 1_000;

interface Kind {
  writtenMs: number;
  leftOut: number;
}

/** One line for each kind of failure, at most one a second for each, with the count of those left out. */
export class FailureLog {
  readonly #service: string;
  readonly #nowMs: () => number;
  readonly #write: (line: string) => void;
  readonly #kinds = new Map<string, Kind>();

  constructor(service: string, nowMs: () => number, write: (line: string) => void = (line) => console.warn(line)) {
    this.#service = service;
    this.#nowMs = nowMs;
    this.#write = write;
  }

  note({ cluster, reason, status, tookMs }: CallFailure): void {
    const nowMs = this.#nowMs();
    const key = `${cluster} ${reason} ${status ?? ""}`;
    const kind = this.#kinds.get(key) ?? { writtenMs: Number.NEGATIVE_INFINITY, leftOut: 0 };
    this.#kinds.set(key, kind);
    if (nowMs >= kind.writtenMs && nowMs - kind.writtenMs < INTERVAL_MS) {
      kind.leftOut += 1;
      return;
    }
    const parts = [`${this.#service}: authorization_call_failed: cluster ${cluster}: ${reason}`];
    if (status !== undefined) parts.push(`status ${status}`);
    if (tookMs !== undefined) parts.push(`${Math.round(tookMs)} ms`);
    if (kind.leftOut > 0) parts.push(`${kind.leftOut} more like it since the last line`);
    kind.writtenMs = nowMs;
    kind.leftOut = 0;
    this.#write(parts.join(", "));
  }
}

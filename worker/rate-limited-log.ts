import { hasElapsed } from "../durable/runtime/elapsed.ts";

/** Time between two equal lines, ms: logs are billed by the line, and a client can cause any number of them. */
const INTERVAL_MS = 1_000;
/** Limits memory: messages may differ each time. */
const MAX_KINDS = 256;

interface Kind {
  loggedAtMs: number;
  leftOut: number;
}

/** For lines that a client can cause: writes each line at most once a second, with the number of repeats left out since. */
export class RateLimitedLog {
  readonly #write: (line: string) => void;
  readonly #nowMs: () => number;
  readonly #kinds = new Map<string, Kind>();

  constructor(write: (line: string) => void = (line) => console.error(line), nowMs: () => number = () => Date.now()) {
    this.#write = write;
    this.#nowMs = nowMs;
  }

  error(line: string): void {
    const nowMs = this.#nowMs();
    const kind = this.#kinds.get(line);
    if (kind !== undefined && !hasElapsed(kind.loggedAtMs, INTERVAL_MS, nowMs)) {
      kind.leftOut += 1;
      return;
    }
    const leftOut = kind?.leftOut ?? 0;
    this.#write(leftOut > 0 ? `${line} (${leftOut} more like it since the last line)` : line);
    this.#kinds.delete(line);
    this.#kinds.set(line, { loggedAtMs: nowMs, leftOut: 0 });
    const [oldest] = this.#kinds.keys();
    if (this.#kinds.size > MAX_KINDS && oldest !== undefined) this.#kinds.delete(oldest);
  }
}

/** The log of this isolate. */
export const rateLimitedLog = new RateLimitedLog();

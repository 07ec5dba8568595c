import { withTimeout } from "../runtime/async.ts";

export const KEPT_DOCUMENT_LIMITS = {
  /** Age from which the document is fetched again while requests go on with the old one. */
  refreshMs: 5 * 60_000,
  /** Age from which requests wait for that. */
  maxAgeMs: 10 * 60_000,
  /** Time between two fetches after a failure, and between two because something is not in the document. */
  retryMs: 30_000,
  /** A fetch without an end by then has none: the platform has ended its request. */
  lostMs: 30_000,
  /** How long a request waits for a fetch. */
  waitMs: 10_000,
} as const;

/** What a document needs of the request that happens to use it. */
export interface DocumentIo<Loaded> {
  nowMs(): number;
  /** Fetches the document. Rejects with a reason for the log. */
  load(): Promise<Loaded>;
  /** Lets work go on after the request's end. */
  waitUntil(work: Promise<unknown>): void;
  log(line: string): void;
}

interface Loading {
  readonly sinceMs: number;
  /** Never rejects. */
  done: Promise<void>;
}

/**
 * A document of another server, as this isolate knows it: it is fetched when it is first needed, again when it is some minutes old,
 * and once more when something is missing in it. However many requests need that, there is one fetch at a time, and after a failure
 * none for half a minute.
 */
export class KeptDocument<Loaded, Value> {
  readonly #staleMs: number;
  readonly #read: (loaded: Loaded, before: Value | undefined) => Value | Promise<Value>;
  #value: Value | undefined;
  #loadedAtMs = 0;
  #loading: Loading | undefined;
  #failedAtMs: number | undefined;
  /** Of the first failure since the document was last fetched. */
  #failingSinceMs: number | undefined;
  #missedAtMs: number | undefined;

  /**
   * @param staleMs how long the document may be used after it could not be fetched again, or after no one asked for that
   * @param read what is used of a document. Rejects if it cannot be used
   */
  constructor(staleMs: number, read: (loaded: Loaded, before: Value | undefined) => Value | Promise<Value>) {
    this.#staleMs = staleMs;
    this.#read = read;
  }

  /** The document if requests may go on with it at once. Fetches it again beside the request if it is due. */
  current(io: DocumentIo<Loaded>): Value | undefined {
    const nowMs = io.nowMs();
    const value = this.#usable(nowMs);
    if (value === undefined || hasPassed(this.#loadedAtMs, KEPT_DOCUMENT_LIMITS.refreshMs, nowMs))
      this.#load(io, nowMs);
    return this.#mustWait(nowMs) ? undefined : value;
  }

  /** The document, fetched if necessary. Undefined if it cannot be had. */
  async ready(io: DocumentIo<Loaded>): Promise<Value | undefined> {
    const value = this.current(io);
    if (value !== undefined) return value;
    await this.#wait();
    return this.#usable(io.nowMs());
  }

  /** The document after another fetch, because something is missing in it. Undefined if there was none. */
  async afterMissing(io: DocumentIo<Loaded>): Promise<Value | undefined> {
    const nowMs = io.nowMs();
    const isAllowed =
      this.#missedAtMs === undefined || hasPassed(this.#missedAtMs, KEPT_DOCUMENT_LIMITS.retryMs, nowMs);
    if (isAllowed && this.#load(io, nowMs)) this.#missedAtMs = nowMs;
    if (this.#loading === undefined) return undefined;
    const before = this.#value;
    await this.#wait();
    return this.#value === before ? undefined : this.#usable(io.nowMs());
  }

  #usable(nowMs: number): Value | undefined {
    const isStale = this.#failingSinceMs !== undefined && hasPassed(this.#failingSinceMs, this.#staleMs, nowMs);
    const isTooOld = hasPassed(this.#loadedAtMs, KEPT_DOCUMENT_LIMITS.maxAgeMs + this.#staleMs, nowMs);
    return isStale || isTooOld ? undefined : this.#value;
  }

  /** After some time without requests, the first ones do not go on with an old one. While the server fails, waiting would not help. */
  #mustWait(nowMs: number): boolean {
    const isFailing = this.#failingSinceMs !== undefined;
    return (
      this.#loading !== undefined && !isFailing && hasPassed(this.#loadedAtMs, KEPT_DOCUMENT_LIMITS.maxAgeMs, nowMs)
    );
  }

  async #wait(): Promise<void> {
    if (this.#loading !== undefined) await withTimeout(this.#loading.done, KEPT_DOCUMENT_LIMITS.waitMs);
  }

  /** Fetches the document unless that is under way, or failed a moment ago. @returns whether a fetch has begun */
  #load(io: DocumentIo<Loaded>, nowMs: number): boolean {
    const before = this.#loading;
    if (before !== undefined) {
      if (!hasPassed(before.sinceMs, KEPT_DOCUMENT_LIMITS.lostMs, nowMs)) return false;
      this.#failingSinceMs ??= before.sinceMs;
    }
    if (this.#failedAtMs !== undefined && !hasPassed(this.#failedAtMs, KEPT_DOCUMENT_LIMITS.retryMs, nowMs))
      return false;
    const loading: Loading = { sinceMs: nowMs, done: Promise.resolve() };
    this.#loading = loading;
    loading.done = this.#fetch(io, loading);
    io.waitUntil(loading.done);
    return true;
  }

  /** Never rejects. What comes after another fetch has begun does not count: keys that have gone would come back. */
  async #fetch({ load, log }: DocumentIo<Loaded>, loading: Loading): Promise<void> {
    const { sinceMs } = loading;
    try {
      const value = await this.#read(await load(), this.#value);
      if (this.#loading !== loading) return;
      this.#value = value;
      this.#loadedAtMs = sinceMs;
      this.#failedAtMs = undefined;
      this.#failingSinceMs = undefined;
    } catch (error) {
      log(error instanceof Error ? error.message : String(error));
      if (this.#loading !== loading) return;
      this.#failedAtMs = sinceMs;
      this.#failingSinceMs ??= sinceMs;
    }
    this.#loading = undefined;
  }
}

/** Clocks of two requests may differ a little in either direction. One that was set back far counts as far ahead. */
function hasPassed(sinceMs: number, intervalMs: number, nowMs: number): boolean {
  return Math.abs(nowMs - sinceMs) >= intervalMs;
}

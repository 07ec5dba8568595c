import { eventLine } from "../log/events.ts";
import { hasElapsed } from "../runtime/elapsed.ts";

/** Interval between two log lines, ms: a storage that fails usually fails every access. */
const LOG_INTERVAL_MS = 60_000;

/** The storage's part of /stats. */
export interface StorageStats {
  /** Reads and writes that failed in this life of the object. */
  readonly failures: number;
  readonly lastFailure: { readonly atMs: number; readonly what: string; readonly message: string } | null;
}

/**
 * Storage may fail (the free plan's quota, an outage), and decisions do not need it. So state that is not essential is read and
 * written through this class: a failure is counted, shown in /stats and logged, and has no other effect.
 */
export class StorageHealth {
  /** Null until the object knows it. */
  service: string | null = null;
  readonly #nowMs: () => number;
  #failures = 0;
  #lastFailure: StorageStats["lastFailure"] = null;
  #loggedAtMs = Number.NEGATIVE_INFINITY;

  constructor(nowMs: () => number = () => Date.now()) {
    this.#nowMs = nowMs;
  }

  get stats(): StorageStats {
    return { failures: this.#failures, lastFailure: this.#lastFailure };
  }

  /** The result, or undefined if the storage fails. */
  attempt<Result>(what: string, access: () => Result): Result | undefined {
    try {
      return access();
    } catch (error) {
      this.failed(what, error);
      return undefined;
    }
  }

  /** @returns whether it succeeded */
  async attemptAsync(what: string, access: () => Promise<unknown>): Promise<boolean> {
    try {
      await access();
      return true;
    } catch (error) {
      this.failed(what, error);
      return false;
    }
  }

  failed(what: string, error: unknown): void {
    const atMs = this.#nowMs();
    const message = String(error);
    this.#failures += 1;
    this.#lastFailure = { atMs, what, message };
    if (!hasElapsed(this.#loggedAtMs, LOG_INTERVAL_MS, atMs)) return;
    this.#loggedAtMs = atMs;
    const { service } = this;
    console.log(eventLine("storage_failed", { service, what, error: message, failures: this.#failures }, null, 0));
  }
}

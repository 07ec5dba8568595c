import { DeadlineTimer } from "../runtime/deadline-timer.ts";
import { hasElapsed } from "../runtime/elapsed.ts";
import type { DirectoryReport } from "./service-report.ts";

/** A directory that does not answer must not keep a service in memory. */
const TIMEOUT_MS = 10_000;
/** The timeout is late by at most a quarter. */
const TICKS_OF_TIMEOUT = 4;
const LOG_INTERVAL_MS = 60_000;

/** Tells the directory the figures of one service. Decisions do not depend on it: a failure is logged, and the next report has everything. */
export class DirectoryTeller {
  readonly #service: string;
  readonly #nowMs: () => number;
  readonly #send: (report: DirectoryReport) => Promise<void>;
  readonly #deadlines = new DeadlineTimer(TIMEOUT_MS, TICKS_OF_TIMEOUT);
  #loggedAtMs = Number.NEGATIVE_INFINITY;

  constructor(service: string, nowMs: () => number, send: (report: DirectoryReport) => Promise<void>) {
    this.#service = service;
    this.#nowMs = nowMs;
    this.#send = send;
  }

  /** @returns whether the directory has taken it; never rejects */
  async tell(read: () => Promise<DirectoryReport>): Promise<boolean> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const cancel = this.#deadlines.start(() => reject(`no answer within ${TIMEOUT_MS / 1_000} s`), TIMEOUT_MS);
    try {
      await Promise.race([read().then(this.#send), late]);
      return true;
    } catch (error) {
      this.#failed(String(error));
      return false;
    } finally {
      cancel();
    }
  }

  #failed(why: string): void {
    const nowMs = this.#nowMs();
    if (!hasElapsed(this.#loggedAtMs, LOG_INTERVAL_MS, nowMs)) return;
    this.#loggedAtMs = nowMs;
    console.error(
      `${this.#service}: directory_failed: ${why} (/stats and /metrics show older figures; decisions continue)`,
    );
  }
}

import { sleep } from "../../durable/runtime/async.ts";
import { hasElapsed } from "../../durable/runtime/elapsed.ts";

/** Hits are told to their objects at most so often. */
const REPORT_MS = 1_000;
/** A report that has not been sent by then never will: its request was cancelled. */
const LOST_MS = 10_000;

/**
 * Tells objects how many requests this isolate has answered for them, so that their counts and the rates that restarts depend on
 * stay true. An object that cannot be reached is told later. What an isolate has not told when it ends is lost.
 */
export class HitReports {
  readonly #hits = new Map<string, number>();
  #scheduledAtMs: number | undefined;

  /** A request to this service was answered from the isolate. @returns whether to call `send` now */
  note(service: string, nowMs: number): boolean {
    this.#hits.set(service, (this.#hits.get(service) ?? 0) + 1);
    if (this.#scheduledAtMs !== undefined && !hasElapsed(this.#scheduledAtMs, LOST_MS, nowMs)) return false;
    this.#scheduledAtMs = nowMs;
    return true;
  }

  /** Tells everything that is noted within a second. Never rejects. */
  async send(tell: (service: string, hits: number) => Promise<void>): Promise<void> {
    await sleep(REPORT_MS);
    this.#scheduledAtMs = undefined;
    const hits = [...this.#hits];
    this.#hits.clear();
    await Promise.all(
      hits.map(async ([service, count]) => {
        try {
          await tell(service, count);
        } catch {
          this.#hits.set(service, (this.#hits.get(service) ?? 0) + count);
        }
      }),
    );
  }
}

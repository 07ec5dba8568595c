import type { WorkerCount, WorkerCounts } from "../../durable/metrics/worker-counts.ts";
import { sleep } from "../../durable/runtime/async.ts";
import { hasElapsed } from "../../durable/runtime/elapsed.ts";

/** Counts are told to their objects at most so often. */
const REPORT_MS = 1_000;
/** A report that has not been sent by then never will: its request was cancelled. */
const LOST_MS = 10_000;

type Counts = { -readonly [Name in WorkerCount]?: number };

/**
 * Tells objects what this isolate has decided for them, so that their counts and the rates that restarts depend on stay true. An
 * object that cannot be reached is told later. What an isolate has not told when it ends is lost.
 */
export class CountReports {
  readonly #counts = new Map<string, Counts>();
  #scheduledAtMs: number | undefined;

  /** Something happened to a request of this service. @returns whether to call `send` now */
  note(service: string, what: WorkerCount, nowMs: number): boolean {
    add(this.#countsOf(service), what, 1);
    if (this.#scheduledAtMs !== undefined && !hasElapsed(this.#scheduledAtMs, LOST_MS, nowMs)) return false;
    this.#scheduledAtMs = nowMs;
    return true;
  }

  /** Tells everything that is noted within a second. Never rejects. */
  async send(tell: (service: string, counts: WorkerCounts) => Promise<void>): Promise<void> {
    await sleep(REPORT_MS);
    this.#scheduledAtMs = undefined;
    const told = [...this.#counts];
    this.#counts.clear();
    await Promise.all(
      told.map(async ([service, counts]) => {
        try {
          await tell(service, counts);
        } catch {
          const later = this.#countsOf(service);
          for (const [name, count] of Object.entries(counts)) add(later, name as WorkerCount, count);
        }
      }),
    );
  }

  #countsOf(service: string): Counts {
    const known = this.#counts.get(service);
    if (known !== undefined) return known;
    const counts: Counts = {};
    this.#counts.set(service, counts);
    return counts;
  }
}

function add(counts: Counts, what: WorkerCount, count: number): void {
  counts[what] = (counts[what] ?? 0) + count;
}

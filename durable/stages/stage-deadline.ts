import type { AbortNotice as HostAbortNotice } from "../../wasm/host/index.ts";
import { AbortNotice } from "./abort-notice.ts";

/** How fine limits are watched. */
const MAX_TICK_MS = 1_000;

interface Watched {
  ticksLeft: number;
  readonly onPassed: () => void;
}

/**
 * Watches over limits that are long and seldom reached, by one short timer for all that wait. The runtime holds what a timer closes over
 * until its time has come, also where it was cleared: two minutes of misses, each with a timer of its own, would stay in memory.
 */
export class LimitWatch {
  readonly #tickMs: number;
  readonly #ticks: number;
  readonly #watched = new Set<Watched>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(limitMs: number) {
    this.#tickMs = Math.min(MAX_TICK_MS, limitMs / 4);
    this.#ticks = Math.ceil(limitMs / this.#tickMs);
  }

  /** @returns ends the watch */
  start(onPassed: () => void): () => void {
    // The first tick may come at once.
    const watched = { ticksLeft: this.#ticks + 1, onPassed };
    this.#watched.add(watched);
    this.#timer ??= setTimeout(() => this.#tick(), this.#tickMs);
    return () => {
      this.#watched.delete(watched);
      // A timer left behind would keep an idle object in memory, and billed.
      if (this.#watched.size === 0) this.#stop();
    };
  }

  #tick(): void {
    this.#timer = setTimeout(() => this.#tick(), this.#tickMs);
    for (const watched of [...this.#watched]) {
      watched.ticksLeft -= 1;
      if (watched.ticksLeft > 0) continue;
      this.#watched.delete(watched);
      watched.onPassed();
    }
    if (this.#watched.size === 0) this.#stop();
  }

  #stop(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** How long the filter may keep one request waiting, stage by stage. */
export class StageDeadline {
  readonly #watch: LimitWatch;
  readonly #notice = new AbortNotice();

  constructor(watch: LimitWatch) {
    this.#watch = watch;
  }

  /** For the host, which gives the request up by it. */
  get signal(): HostAbortNotice {
    return this.#notice;
  }

  /** Waits for one stage. Beyond the limit the host decides it as `failed`, reason `aborted`. */
  async wait<T>(stage: Promise<T>): Promise<T> {
    const end = this.#watch.start(() => this.#notice.abort());
    try {
      return await stage;
    } finally {
      end();
    }
  }
}

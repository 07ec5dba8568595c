import { TICK_LIMITS } from "../instances/tick-clock.ts";
import { pauseLeftMs } from "../runtime/elapsed.ts";

/** First pause after an alarm could not be set; doubled each time. */
const RETRY_MS = 5_000;
const MAX_RETRY_MS = 60_000;

/** The object's one alarm, through which a filter ticks without requests. */
export class TickAlarm {
  readonly #set: (delayMs: number) => Promise<void>;
  readonly #nowMs: () => number;
  #armed = false;
  #failures = 0;
  #retryAtMs = Number.NEGATIVE_INFINITY;

  /** @param set rejects if the storage fails */
  constructor(set: (delayMs: number) => Promise<void>, nowMs: () => number) {
    this.#set = set;
    this.#nowMs = nowMs;
  }

  /** Sets the alarm unless it is already set. @param periodMs period of the filter's ticks; 0 for none */
  arm(periodMs: number): void {
    if (this.#armed || periodMs === 0 || this.#isPaused) return;
    this.#armed = true;
    this.#set(Math.max(periodMs, TICK_LIMITS.minAlarmPeriodMs)).then(
      () => {
        this.#failures = 0;
      },
      () => this.#failed(),
    );
  }

  get #isPaused(): boolean {
    return pauseLeftMs(this.#retryAtMs, MAX_RETRY_MS, this.#nowMs()) > 0;
  }

  /** The alarm fired and is no longer set. */
  fired(): void {
    this.#armed = false;
  }

  /** The next request tries again, after a pause. */
  #failed(): void {
    this.#armed = false;
    this.#retryAtMs = this.#nowMs() + Math.min(RETRY_MS * 2 ** this.#failures, MAX_RETRY_MS);
    this.#failures += 1;
  }
}

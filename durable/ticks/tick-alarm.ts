import { TICK_LIMITS } from "./tick-clock.ts";

/** The object's one alarm, by which a filter ticks while nobody asks. */
export class TickAlarm {
  readonly #set: (delayMs: number) => void;
  #armed = false;

  constructor(set: (delayMs: number) => void) {
    this.#set = set;
  }

  /** Sets the alarm unless it is set. @param periodMs of the filter's ticks; 0: it wants none */
  arm(periodMs: number): void {
    if (this.#armed || periodMs === 0) return;
    this.#armed = true;
    this.#set(Math.max(periodMs, TICK_LIMITS.minAlarmPeriodMs));
  }

  /** The alarm went off and is no longer set. */
  fired(): void {
    this.#armed = false;
  }
}

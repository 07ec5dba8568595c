import { hasElapsed, pauseLeftMs } from "../runtime/elapsed.ts";

export const REPORTING = {
  /** Figures are told once in this time while requests come. */
  intervalMs: 60_000,
  /** A service counts as quiet after this time without a request; it then tells its last figures before it is evicted. */
  quietMs: 5_000,
  /** What an operator must know at once is told at once, but not more often than this. */
  urgentMs: 10_000,
  /** Reports that may be told out of turn, so that bursts are told whole. One comes back with each interval. */
  reserve: 1,
  /** Reports at once that may be told ahead of their turn. After that, changes of state wait for it like all others. */
  ahead: 4,
} as const;

/** Tests shorten them. */
export type ReportingLimits = Readonly<Record<keyof typeof REPORTING, number>>;

export interface ReporterDependencies {
  readonly nowMs: () => number;
  readonly setTimer: (callback: () => void, delayMs: number) => void;
  /** Tells the directory the figures as they are now. @returns whether it succeeded; never rejects */
  readonly tell: () => Promise<boolean>;
  /** When figures were told last in any life of the object, ms since 1970; 0: never. */
  readonly toldAtMs: number;
  readonly limits?: ReportingLimits | undefined;
}

/**
 * Decides when a service tells the directory its figures: once a minute while they change, once more when the service falls quiet,
 * and at once if its state changes. Over time that is at most one report a minute, but for changes of state and the end of a longer
 * time with requests. No timer is cleared (deadline-timer.ts), and none runs while nothing changes.
 */
export class Reporter {
  readonly #with: ReporterDependencies;
  readonly #limits: ReportingLimits;
  #toldAtMs: number;
  /** Reports that may be told now; fractions accrue. */
  #credit: number;
  #creditAtMs: number;
  /** Something changed since the last report, and since the last look. */
  #hasChanged = false;
  #isBusy = false;
  /** Nothing has changed for a while. */
  #isResting = true;
  #busySinceMs = 0;
  #isUrgent = false;
  #isWatching = false;
  #isTelling = false;
  #stateChangedMeanwhile = false;

  constructor(dependencies: ReporterDependencies) {
    this.#with = dependencies;
    this.#limits = dependencies.limits ?? REPORTING;
    this.#toldAtMs = dependencies.toldAtMs;
    this.#creditAtMs = dependencies.toldAtMs;
    this.#credit = 0;
  }

  /** A figure has changed. */
  changed(): void {
    this.#hasChanged = true;
    this.#isBusy = true;
    if (this.#isResting) {
      this.#isResting = false;
      this.#busySinceMs = this.#with.nowMs();
    }
    if (!this.#isWatching) this.#watch();
  }

  /** The state of the service has changed. */
  stateChanged(): void {
    this.#hasChanged = true;
    if (this.#isTelling) this.#stateChangedMeanwhile = true;
    if (this.#isTelling || this.#isUrgent) return;
    const nowMs = this.#with.nowMs();
    this.#accrue(nowMs);
    const { ahead, urgentMs } = this.#limits;
    if (this.#credit <= -ahead) {
      if (!this.#isWatching) this.#watch();
      return;
    }
    this.#isUrgent = true;
    const waitMs = pauseLeftMs(this.#toldAtMs + urgentMs, urgentMs, nowMs);
    this.#with.setTimer(() => void this.#tell(), waitMs);
  }

  #watch(): void {
    this.#isWatching = true;
    this.#isBusy = false;
    this.#with.setTimer(() => {
      this.#isWatching = false;
      this.#look();
    }, this.#limits.quietMs);
  }

  /** Tells the figures if it is time to; looks again while they change. */
  #look(): void {
    if (!this.#hasChanged || this.#isTelling) return;
    const isQuiet = !this.#isBusy;
    const nowMs = this.#with.nowMs();
    this.#accrue(nowMs);
    const isDue = this.#isDue(isQuiet, nowMs);
    if (isQuiet) this.#isResting = true;
    // In turn, one is always left for the quiet after it.
    const needed = isQuiet ? 1 : 1 + this.#limits.reserve;
    if (this.#credit >= needed) void this.#tell();
    else if (isDue) void this.#tell(Math.min(1, Math.max(0, this.#credit + this.#limits.ahead)));
    else if (!isQuiet) this.#watch();
  }

  /**
   * Whether requests have come for so long that figures are due although changes of state have used up the credit: readers take older
   * ones for those of a service that sleeps.
   */
  #isDue(isQuiet: boolean, nowMs: number): boolean {
    const { intervalMs } = this.#limits;
    if (this.#isResting) return false;
    const isLong = hasElapsed(this.#busySinceMs, intervalMs, nowMs);
    return isLong && (isQuiet || hasElapsed(this.#toldAtMs, intervalMs, nowMs));
  }

  #accrue(nowMs: number): void {
    const passedMs = Math.max(0, nowMs - this.#creditAtMs);
    this.#creditAtMs = nowMs;
    const { reserve, intervalMs } = this.#limits;
    this.#credit = Math.min(1 + reserve, this.#credit + passedMs / intervalMs);
  }

  /** @param cost what is due may cost less, so that the credit does not sink without end */
  async #tell(cost = 1): Promise<void> {
    if (this.#isTelling) return;
    this.#isUrgent = false;
    this.#isTelling = true;
    this.#hasChanged = false;
    const nowMs = this.#with.nowMs();
    this.#accrue(nowMs);
    this.#credit -= cost;
    this.#toldAtMs = nowMs;
    const isTold = await this.#with.tell();
    this.#isTelling = false;
    // A report that is lost is made up for by the next.
    if (!isTold) this.#hasChanged = true;
    if (this.#stateChangedMeanwhile) {
      this.#stateChangedMeanwhile = false;
      this.stateChanged();
    }
    if (this.#hasChanged && !this.#isWatching) this.#watch();
  }
}

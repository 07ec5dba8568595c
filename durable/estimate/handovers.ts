/** Weight of the newest handover in the mean error of predictions. */
const NEWEST = 0.3;
/** Calls have fallen if they are below this share of those at the last handover. */
const FALLEN = 0.8;

/** A fresh instance that took over all live entries. */
export interface Handover {
  /** N_T: outbound calls of the last TTL before it. */
  readonly callsInTtl: number;
  readonly startBytes: number;
  /** What `startBytes` was expected to be; undefined if the samples before it do not tell. */
  readonly predictedBytes: number | undefined;
}

/** What handovers teach (docs/model.md, point 9): the error of their predictions, and the load that they left behind. */
export class Handovers {
  #errorBytes = 0;
  #callsInTtl: number | undefined;

  /** By how much fresh instances were larger than predicted. Mean of the last ones. */
  get errorBytes(): number {
    return this.#errorBytes;
  }

  tookOver({ callsInTtl, startBytes, predictedBytes }: Handover): void {
    this.#callsInTtl = callsInTtl;
    if (predictedBytes === undefined) return;
    this.#errorBytes += NEWEST * (startBytes - predictedBytes - this.#errorBytes);
  }

  /** The running instance began empty. */
  emptied(): void {
    this.#callsInTtl = undefined;
  }

  /** The TTL has changed: earlier errors say nothing about the next prediction. */
  forgetError(): void {
    this.#errorBytes = 0;
  }

  /** Whether there are clearly fewer calls than when the running instance took over its entries. False if it did not. */
  haveCallsFallen(callsInTtl: number): boolean {
    return callsInTtl < FALLEN * (this.#callsInTtl ?? 0);
  }
}

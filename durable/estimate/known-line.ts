import type { EstimatorState } from "./estimator-state.ts";
import type { Line } from "./growth-fit.ts";

/** Number of growth events after which a new fit replaces the known line. */
const TRUSTED_EVENTS = 8;

/** A fit of the growth under the present TTL. */
export interface Fit {
  /** Undefined while there are too few events. */
  readonly line: Line | undefined;
  /** Number of growth events in it. */
  readonly events: number;
  /** Its TTL is measured. */
  readonly isSure: boolean;
}

/** The line that was known before the present fit: stored, or found under an earlier TTL. */
export class KnownLine {
  #line: Line | undefined;
  #confirmed: Line | undefined;

  constructor({ bytesPerEntry, fixedBytes }: EstimatorState) {
    if (bytesPerEntry !== undefined && fixedBytes !== undefined) this.#line = { bytesPerEntry, fixedBytes };
  }

  /** A repeat has agreed with the TTL of this line. Growth after the last one may come from entries with another TTL. */
  confirmed(line: Line | undefined): void {
    this.#confirmed = line;
  }

  /** The TTL has changed: the line that was confirmed last is kept. */
  ttlChanged(): void {
    this.#line = this.#confirmed ?? this.#line;
  }

  /** The better of the two. A known fit of many events is better than a new fit of a few, or one for a TTL that is not sure. */
  or({ line, events, isSure }: Fit): Line | undefined {
    if (this.#line === undefined || line === undefined) return line ?? this.#line;
    return events >= TRUSTED_EVENTS && isSure ? line : this.#line;
  }
}

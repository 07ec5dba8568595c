import type { GrowthStep } from "./growth-rule.ts";
import { CANDIDATES } from "./ttl-grid.ts";
import type { TtlWindows } from "./ttl-windows.ts";

/** Growth is endless after at least this many growth events that no TTL explains, at an age above the TTL cap … */
const MIN_EVENTS = 4;
const MAX_EVENTS = 12;
/** … that add up to this share of the memory. A few are chance: a peak between samples, or a page for a size class. */
const MIN_SHARE = 0.2;
/** An event is unexplained if the candidates that do not predict it have more than this weight. */
const UNEXPLAINED = 0.9;

/** Detects memory that keeps growing without more live entries: a leak, or entries that are freed only when accessed. */
export class EndlessGrowth {
  /** Unexplained events and bytes, minus those explained since. */
  #events = 0;
  #bytes = 0;

  /**
   * Records a growth event of an instance that has filled for longer than the TTL cap.
   * @param weights of the candidates; undefined before the first fit
   */
  grew({ fromBytes, grownBytes }: GrowthStep, windows: TtlWindows, weights: Float64Array | undefined): void {
    const sign = weights !== undefined && isUnexplained(windows, weights) ? 1 : -1;
    this.#events = Math.min(Math.max(this.#events + sign, 0), MAX_EVENTS);
    this.#bytes = Math.min(Math.max(this.#bytes + sign * grownBytes, 0), fromBytes);
  }

  isSeen(allocatedBytes: number): boolean {
    return this.#events >= MIN_EVENTS && this.#bytes >= MIN_SHARE * allocatedBytes;
  }
}

/** Whether nearly all likely TTLs say that clearly fewer entries are live than at the maximum. */
function isUnexplained({ now, max }: TtlWindows, weights: Float64Array): boolean {
  let unexplained = 0;
  for (let c = 0; c < CANDIDATES; c += 1) {
    if (now[c]! < max[c]! - Math.sqrt(max[c]!)) unexplained += weights[c]!;
  }
  return unexplained > UNEXPLAINED;
}

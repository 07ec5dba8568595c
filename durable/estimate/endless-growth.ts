import type { GrowthStep } from "./growth-rule.ts";
import { CANDIDATES } from "./ttl-grid.ts";
import type { TtlWindows } from "./ttl-windows.ts";

/** Growth events beyond the cap on the TTL that no TTL explains make growth count as without end, if they are so many … */
const MIN_EVENTS = 4;
const MAX_EVENTS = 12;
/** … and so much of what is held: single ones come by chance, as a peak between two samples, or a page of a slot class. */
const MIN_SHARE = 0.2;
/** Weight of the candidates by which an event should not have come. */
const UNEXPLAINED = 0.9;

/** Memory that goes on growing although no more entries can be alive: a leak, or entries that are freed when touched. */
export class EndlessGrowth {
  /** What no TTL explains, less what one explained since. */
  #events = 0;
  #bytes = 0;

  /**
   * A growth event of an instance older than any TTL that is believed.
   * @param weights of the candidates; undefined while there are none
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

/** By nearly all TTLs that are likely, clearly fewer entries live than once did. */
function isUnexplained({ now, max }: TtlWindows, weights: Float64Array): boolean {
  let unexplained = 0;
  for (let c = 0; c < CANDIDATES; c += 1) {
    if (now[c]! < max[c]! - Math.sqrt(max[c]!)) unexplained += weights[c]!;
  }
  return unexplained > UNEXPLAINED;
}

import { PAGE_BYTES } from "../../../wasm/byte-units.ts";
import { shapeByHits } from "../../estimate/fill-phase.ts";
import { lossCost, NO_LOSSES } from "../../estimate/loss-cost.ts";
import type { CycleModel } from "../cycle.ts";

/** A cache of 1,000 entries of 4,000 bytes, of which half the requests are hits. */
export const CYCLE_MODEL: CycleModel = {
  fill: shapeByHits(0.5),
  demandCalls: 1_000,
  lossCost: lossCost(NO_LOSSES, 0.4),
  startBytes: 2 * PAGE_BYTES,
  fixedBytes: PAGE_BYTES,
  bytesPerEntry: 4_000,
  growthRule: { kind: "pages" },
  leaks: false,
};

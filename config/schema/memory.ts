import * as v from "valibot";
import { MIB } from "../../wasm/byte-units.ts";
import { CONFIG_LIMITS } from "../configuration-limits.ts";
import type { IsolateLimits } from "../gateway.ts";
import { fields, wholeNumber } from "./fields.ts";

/** Room for the smallest cache at least, and for the largest instance at most. */
const bytes = wholeNumber(CONFIG_LIMITS.minCacheBytes, CONFIG_LIMITS.maxInstanceBytes, "bytes");

const DEFAULT_HARD_BYTES = 104 * MIB;

/** Limits for all filters of an isolate together, which has 128 MB. */
export const memory: v.GenericSchema<unknown, IsolateLimits> = v.pipe(
  fields({
    highBytes: v.optional(bytes, 96 * MIB),
    hardBytes: v.optional(bytes, DEFAULT_HARD_BYTES),
    collectAfterMs: v.optional(wholeNumber(0, 60_000, "milliseconds"), 1_000),
  }),
  v.forward(
    v.check(
      ({ highBytes, hardBytes }) => highBytes <= hardBytes,
      `at most hardBytes, whose default is ${DEFAULT_HARD_BYTES} (${DEFAULT_HARD_BYTES / MIB} MiB)`,
    ),
    ["highBytes"],
  ),
);

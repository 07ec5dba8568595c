import * as v from "valibot";
import { MIB } from "../../wasm/byte-units.ts";
import { CONFIG_LIMITS } from "../configuration-limits.ts";
import type { IsolateLimits } from "../gateway.ts";
import { fields, wholeNumber } from "./fields.ts";

const bytes = wholeNumber(CONFIG_LIMITS.minCacheBytes, CONFIG_LIMITS.maxInstanceBytes, "bytes");

/** Limits for all filters of an isolate together, which has 128 MB. */
export const memory: v.GenericSchema<unknown, IsolateLimits> = v.pipe(
  fields({
    highBytes: v.optional(bytes, 96 * MIB),
    hardBytes: v.optional(bytes, 104 * MIB),
    collectAfterMs: v.optional(wholeNumber(0, 60_000, "milliseconds"), 1_000),
  }),
  v.forward(
    v.check(
      ({ highBytes, hardBytes }) => highBytes <= hardBytes,
      "at most hardBytes, whose default is 109051904 (104 MiB)",
    ),
    ["highBytes"],
  ),
);

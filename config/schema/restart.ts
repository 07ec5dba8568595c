import * as v from "valibot";
import { MIB } from "../../wasm/byte-units.ts";
import { CONFIG_LIMITS } from "../configuration-limits.ts";
import type { Cache, Restart } from "../gateway.ts";
import { fields, wholeNumber } from "./fields.ts";

/** A restart policy of which what depends on the cache may still be open. */
export type ParsedRestart = Omit<Restart, OfCache> & { readonly [Name in OfCache]?: number | undefined };
type OfCache = "hardLimitBytes" | "ttlCapMs" | "ttlDefaultMs";

/** The paper's numbers: 15 minutes of collection, 10 minutes as the TTL's bound and default. */
const COLLECT_MS = 15 * 60_000;
const BIN_MS = 60_000;
const SAMPLE_INTERVAL_MS = 10_000;
const MIN_LIFETIME_MS = 60_000;
/** Of a service whose cache does not ask for more. */
export const DEFAULT_HARD_LIMIT_BYTES = 64 * MIB;
const TTL_CAP_MS = 600_000;

const durationMs = wholeNumber(1, CONFIG_LIMITS.maxRestartMs, "milliseconds");
const ageMs = wholeNumber(1, CONFIG_LIMITS.maxUptimeMs, "milliseconds");
/** One page is the least a filter can hold. */
const instanceBytes = wholeNumber(CONFIG_LIMITS.pageBytes, CONFIG_LIMITS.maxInstanceBytes, "bytes");

const shareAllowed = "a number from 0 to 1 (a share of all authorization calls; 0.01 is one in a hundred)";
const share = v.pipe(
  v.number(shareAllowed),
  v.check((value) => value >= 0 && value <= 1, shareAllowed),
);

/** The finer durations follow the coarser ones where they are not given, so that one short `collectMs` is enough. */
export const restart: v.GenericSchema<unknown, ParsedRestart> = v.pipe(
  fields({
    policy: v.optional(
      v.picklist(
        ["measured", "ratio", "uptime", "threshold", "never"],
        'one of "measured", "ratio", "uptime", "threshold" and "never"',
      ),
      "measured",
    ),
    extraCallsShare: v.optional(share, 0.01),
    collectMs: v.optional(durationMs, COLLECT_MS),
    binMs: v.optional(durationMs),
    ttlCapMs: v.optional(durationMs),
    ttlDefaultMs: v.optional(durationMs),
    sampleIntervalMs: v.optional(durationMs),
    minLifetimeMs: v.optional(durationMs),
    maxUptimeMs: v.optional(ageMs, 7 * 24 * 60 * 60_000),
    hardLimitBytes: v.optional(instanceBytes),
    uptimeMs: v.optional(ageMs, 60 * 60_000),
    thresholdBytes: v.optional(instanceBytes, 16 * MIB),
  }),
  v.transform((given): ParsedRestart => {
    const binMs = given.binMs ?? Math.min(BIN_MS, given.collectMs);
    return {
      ...given,
      binMs,
      sampleIntervalMs: given.sampleIntervalMs ?? Math.min(SAMPLE_INTERVAL_MS, binMs),
      minLifetimeMs: given.minLifetimeMs ?? Math.min(MIN_LIFETIME_MS, given.collectMs),
    };
  }),
);

/**
 * With what depends on the cache filled in. The longest TTL that is believed is that which the built-in filter keeps
 * decisions for, if it is longer than usual: an estimate below it would think memory free that is in use. The limit on
 * memory is twice what the built-in filter may hold where that is more than the default, since
 * what has just grown counts double (it may grow once more until the next sample), and the filter's own bound comes first.
 */
export function resolveRestart(parsed: ParsedRestart, cache: Cache | undefined): Restart {
  const twiceTheCache = Math.min(2 * (cache?.maxBytes ?? 0), CONFIG_LIMITS.maxInstanceBytes);
  const ttlCapMs = parsed.ttlCapMs ?? Math.max(TTL_CAP_MS, cache?.maxTtlMs ?? 0);
  return {
    ...parsed,
    ttlCapMs,
    ttlDefaultMs: parsed.ttlDefaultMs ?? ttlCapMs,
    hardLimitBytes: parsed.hardLimitBytes ?? Math.max(DEFAULT_HARD_LIMIT_BYTES, twiceTheCache),
  };
}

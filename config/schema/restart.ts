import * as v from "valibot";
import { MIB } from "../../wasm/byte-units.ts";
import { CONFIG_LIMITS } from "../configuration-limits.ts";
import type { Cache, CallFreeGrowth, Restart } from "../gateway.ts";
import { fields, numberFrom, wholeNumber } from "./fields.ts";

/** Restart settings before defaults that depend on the cache. */
export type ParsedRestart = Omit<Restart, OfCache | "callFreeGrowth"> & {
  readonly [Name in OfCache]?: number | undefined;
} & { readonly callFreeGrowth: Omit<CallFreeGrowth, "minBytes"> & { readonly minBytes?: number | undefined } };
type OfCache = "hardLimitBytes" | "ttlCapMs" | "ttlDefaultMs";

/** The paper's values: 15 minutes of collection, 10 minutes as the TTL's cap and default. */
const COLLECT_MS = 15 * 60_000;
const BIN_MS = 60_000;
const SAMPLE_INTERVAL_MS = 10_000;
const MIN_LIFETIME_MS = 60_000;
/** For services whose cache needs no more. */
export const DEFAULT_HARD_LIMIT_BYTES = 64 * MIB;
const TTL_CAP_MS = 600_000;

const durationMs = wholeNumber(1, CONFIG_LIMITS.maxRestartMs, "milliseconds");
const ageMs = wholeNumber(1, CONFIG_LIMITS.maxUptimeMs, "milliseconds");
/** A filter has at least one page. */
const instanceBytes = wholeNumber(CONFIG_LIMITS.pageBytes, CONFIG_LIMITS.maxInstanceBytes, "bytes");

const share = numberFrom(0, 1, "a share of all authorization calls; 0.01 is one in a hundred");
const workShare = numberFrom(0, 0.1, "a share of a core");

/** The defaults of the finer durations shrink with the coarser ones, so setting a short `collectMs` is enough. */
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
    workShare: v.optional(workShare, 1e-4),
    callFreeGrowth: v.optional(
      fields({
        restart: v.optional(v.boolean("true or false"), true),
        afterMs: v.optional(durationMs, 4 * 60_000),
        minBytes: v.optional(instanceBytes),
      }),
      {},
    ),
    collectMs: v.optional(durationMs, COLLECT_MS),
    baseline: v.optional(v.picklist(["generation", "remembered"], '"generation" or "remembered"'), "generation"),
    literal: v.optional(v.picklist(["ratios", "counts"], '"ratios" or "counts"'), "ratios"),
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
 * Fills in the defaults that depend on the cache. `ttlCapMs` is at least the cache's `maxTtlMs`: a TTL estimate below it
 * would count memory as free that is in use. `hardLimitBytes` is at least twice the cache's `maxBytes` (at most the isolate's
 * memory): recent growth counts double, because it may repeat before the next sample, and the cache's own bound must apply
 * first.
 */
export function resolveRestart(parsed: ParsedRestart, cache: Cache | undefined): Restart {
  const twiceTheCache = Math.min(2 * (cache?.maxBytes ?? 0), CONFIG_LIMITS.maxInstanceBytes);
  const ttlCapMs = parsed.ttlCapMs ?? Math.max(TTL_CAP_MS, cache?.maxTtlMs ?? 0);
  const hardLimitBytes = parsed.hardLimitBytes ?? Math.max(DEFAULT_HARD_LIMIT_BYTES, twiceTheCache);
  const { callFreeGrowth } = parsed;
  return {
    ...parsed,
    callFreeGrowth: { ...callFreeGrowth, minBytes: callFreeGrowth.minBytes ?? Math.min(MIB, hardLimitBytes / 4) },
    ttlCapMs,
    ttlDefaultMs: parsed.ttlDefaultMs ?? ttlCapMs,
    hardLimitBytes,
  };
}

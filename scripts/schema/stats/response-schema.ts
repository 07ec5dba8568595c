import * as v from "valibot";
import { CALL_RESULTS } from "../../../durable/metrics/call-counts.ts";
import { OUTCOMES } from "../../../durable/metrics/outcomes.ts";
import { START_REASONS } from "../../../durable/restart/starts.ts";

/**
 * GET /stats in schema 1, as strict as the type `StatsResponse` (response-schema.test.ts compares the two), and stricter with numbers.
 * Only tests and docs/stats.schema.json use it; the Worker does not check what it sends.
 */

const amount = v.pipe(v.number(), v.minValue(0));
const whole = v.pipe(v.number(), v.integer(), v.minValue(0));
/** Time in ms since 1970. */
const time = whole;
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const orNull = <const Schema extends v.GenericSchema>(schema: Schema) => v.nullable(schema);

/** Counts of those names that occurred. */
function occurred<const Name extends string>(names: readonly Name[]) {
  const entries = Object.fromEntries(names.map((name) => [name, v.exactOptional(whole)]));
  return v.strictObject(entries as Record<Name, v.ExactOptionalSchema<typeof whole, undefined>>);
}

const calls = v.strictObject({
  results: occurred(CALL_RESULTS),
  p50Ms: orNull(whole),
  p95Ms: orNull(whole),
  waitP95Ms: orNull(whole),
});

const cluster = v.strictObject({
  state: v.picklist(["answering", "suspected", "silent", "failing", "unreachable"]),
  sinceMs: orNull(time),
  failedProbes: whole,
  concurrency: whole,
  waiting: whole,
  oldestWaitingMs: orNull(whole),
  calls,
});

const counters = {
  requests: whole,
  hits: whole,
  edgeHits: whole,
  verified: whole,
  refusedEarly: whole,
  undecided: whole,
  throttled: whole,
  failedOpen: whole,
  reportOnly: whole,
  outbound: whole,
  coalesced: whole,
  stale: whole,
  evicted: whole,
  forbiddenToKeep: whole,
  refusedInStages: whole,
  failuresInStages: whole,
  unservedCalls: whole,
  purges: whole,
  traps: whole,
  failedStarts: whole,
};

const startReason = v.picklist(START_REASONS);

const verdict = v.variant("restart", [
  v.strictObject({
    restart: v.literal(true),
    reason: v.picklist([
      "required_fell",
      "grows_without_calls",
      "uptime",
      "threshold",
      "hard_limit",
      "maximum_uptime",
      "filter_asked",
    ]),
  }),
  v.strictObject({
    restart: v.literal(false),
    reason: v.picklist([
      "never",
      "collecting",
      "minimum_lifetime",
      "below_baseline",
      "trend_unknown",
      "required_not_falling",
      "surplus_not_rising",
      "too_little_growth",
      "filling",
      "no_credit",
      "gain_below_price",
      "below_uptime",
      "below_threshold",
    ]),
  }),
]);

const growthRule = v.variant("kind", [
  v.strictObject({ kind: v.literal("pages") }),
  v.strictObject({ kind: v.literal("arenas"), stepBytes: whole }),
  v.strictObject({ kind: v.literal("proportional"), share: amount }),
]);

const persistence = v.variant("state", [
  v.strictObject({
    state: v.literal("on"),
    storedBytes: whole,
    storedRows: whole,
    writtenAtMs: orNull(time),
    lastWrite: orNull(v.picklist(["written", "nothing_new", "cut_off", "failed"])),
    waking: orNull(
      v.strictObject({
        outcome: v.picklist([
          "restored",
          "unreadable",
          "other_configuration",
          "refused",
          "given_up",
          "no_room",
          "failed",
        ]),
        atMs: time,
        durationMs: whole,
      }),
    ),
  }),
  v.strictObject({
    state: v.picklist(["secret_missing", "secret_too_short", "storage_failing"]),
    message: v.string(),
  }),
]);

const sample = v.strictObject({
  generation: whole,
  timeMs: time,
  allocatedBytes: whole,
  grownPages: whole,
  outbound: whole,
  requests: whole,
  hits: whole,
});

const windowReport = v.strictObject({
  windowMs: whole,
  fromMs: time,
  toMs: time,
  counts: v.strictObject({
    requests: whole,
    decided: whole,
    hits: whole,
    allowed: whole,
    refused: whole,
    undecided: whole,
    failedOpen: whole,
    outbound: whole,
    restarts: whole,
    traps: whole,
  }),
  hitRate: orNull(share),
  clusters: v.record(v.string(), calls),
});

const service = v.strictObject({
  name: v.string(),
  atMs: time,
  isolateId: v.string(),
  configVersion: v.string(),
  generation: whole,
  startReason: orNull(startReason),
  uptimeMs: whole,
  phase: v.picklist(["collecting", "judging"]),
  collectedMs: whole,
  allocatedBytes: whole,
  requiredBytes: whole,
  requiredRangeBytes: orNull(v.strictObject({ from: whole, to: whole })),
  surplusBytes: whole,
  baselineBytes: whole,
  liveBytes: orNull(whole),
  ttlMs: whole,
  secondTtlMs: orNull(whole),
  sources: v.strictObject({
    ttl: v.picklist(["measured", "bounded", "default"]),
    required: v.picklist(["estimated", "default"]),
    baseline: v.picklist(["estimated", "default"]),
  }),
  growsWithoutEnd: v.boolean(),
  policy: v.picklist(["measured", "ratio", "uptime", "threshold", "never"]),
  verdict: orNull(verdict),
  creditCalls: v.number(),
  workCreditMs: v.number(),
  restartPriceCalls: amount,
  ...counters,
  hitRate: share,
  decisions: v.strictObject({
    allowed: occurred(OUTCOMES.allowed),
    refused: occurred(OUTCOMES.refused),
    undecided: occurred(OUTCOMES.undecided),
  }),
  mostlyMisses: v.boolean(),
  countsSinceMs: time,
  countsStoredAtMs: orNull(time),
  restartCount: whole,
  restarts: v.array(
    v.strictObject({
      timeMs: time,
      generation: whole,
      reason: v.string(),
      priceCalls: amount,
      allocatedBeforeBytes: whole,
      allocatedAfterBytes: whole,
    }),
  ),
  failedStart: orNull(
    v.strictObject({ reason: v.string(), filterReason: orNull(v.string()), message: v.string(), atMs: time }),
  ),
  lastUnservedCall: orNull(
    v.strictObject({ what: v.picklist(["cluster", "function", "foreign_function"]), name: v.string(), atMs: time }),
  ),
  failurePolicy: v.picklist(["closed", "open", "reload"]),
  enforcement: v.variant("mode", [
    v.strictObject({ mode: v.literal("enforce") }),
    v.strictObject({ mode: v.literal("report-only"), until: v.string() }),
  ]),
  failuresInARow: whole,
  nextStartAtMs: orNull(time),
  clusters: v.record(v.string(), cluster),
  handsOver: v.boolean(),
  persistence: orNull(persistence),
  storage: v.strictObject({
    failures: whole,
    lastFailure: orNull(v.strictObject({ atMs: time, what: v.string(), message: v.string() })),
  }),
  starts: v.exactOptional(v.array(v.strictObject({ generation: whole, timeMs: time, reason: startReason }))),
  keyedBy: v.exactOptional(orNull(v.array(v.string()))),
  lastHandover: v.exactOptional(orNull(v.strictObject({ atMs: time, durationMs: whole, chunks: whole }))),
  entriesPerCredential: v.exactOptional(orNull(amount)),
  bytesPerEntry: v.exactOptional(orNull(amount)),
  fixedBytes: v.exactOptional(orNull(whole)),
  growthRule: v.exactOptional(orNull(growthRule)),
  openStreams: v.exactOptional(whole),
  drainingGenerations: v.exactOptional(whole),
  samples: v.exactOptional(v.array(sample)),
  window: v.exactOptional(windowReport),
});

const memory = v.strictObject({ bytes: whole, count: whole });

const isolate = v.strictObject({
  isolateId: v.string(),
  live: memory,
  retired: memory,
  unclaimed: memory,
  pinned: memory,
  collected: v.strictObject({
    bytes: whole,
    count: whole,
    lastAtMs: orNull(time),
    lastReturnMs: orNull(whole),
    longestReturnMs: whole,
  }),
  peakBytes: whole,
  edgeBytes: whole,
  reclaim: v.strictObject({
    state: v.picklist(["resting", "waiting", "provoked"]),
    reason: v.picklist([
      "nothing_retired",
      "no_effect_here",
      "effect_awaited",
      "left_to_v8",
      "rate_limited",
      "over_cpu_budget",
      "due",
    ]),
    provoked: whole,
    succeeded: whole,
    failuresInARow: whole,
    givesUpAfter: whole,
    freedBytes: whole,
    lastAtMs: orNull(time),
    lastMs: orNull(whole),
    longestMs: whole,
    totalMs: whole,
    creditMs: amount,
  }),
  budget: v.strictObject({
    highBytes: whole,
    hardBytes: whole,
    heldBytes: whole,
    relieving: v.boolean(),
    reason: v.picklist([
      "below_high_mark",
      "relief_under_way",
      "nothing_to_gain",
      "quiet_objects",
      "high_mark",
      "hard_mark",
    ]),
    restartsAsked: whole,
    evictionsAsked: whole,
    requestsFailed: whole,
    probes: whole,
    lastAsked: orNull(v.strictObject({ relief: v.picklist(["restart", "evict"]), atMs: time })),
    members: whole,
  }),
});

export const statsResponse = v.strictObject({
  schema: v.literal(1),
  version: v.string(),
  atMs: time,
  problems: v.array(v.string()),
  isolates: v.array(isolate),
  services: v.array(
    v.union([
      service,
      v.strictObject({ name: v.string(), error: v.string() }),
      v.strictObject({ name: v.string(), waitingFor: v.literal("first_request") }),
    ]),
  ),
});

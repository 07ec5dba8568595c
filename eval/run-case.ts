import { restartSettings } from "../config/index.ts";
import { restartWorkMs } from "../durable/restart/work-account.ts";
import { PAGE_BYTES } from "../wasm/byte-units.ts";
import { type Case, caseName, workloadName } from "./cases.ts";
import { BuiltInGuest } from "./guests/built-in-guest.ts";
import type { CacheGuest, CacheShape, GrowthRule } from "./guests/cache-guest.ts";
import { isOneTtl } from "./guests/entry-ttl.ts";
import type { GuestCalls } from "./guests/guest-calls.ts";
import { guestMemory, type PeakRule } from "./guests/memory-rules.ts";
import { guestModel } from "./guests/model.ts";
import { ModuleGuest } from "./guests/module-guest.ts";
import { DEFAULT_SHARE, handoverOpponents, MEASURED, NEVER, type Opponent, opponents, RATIO } from "./opponents.ts";
import { OfflineOptimum, type Plan } from "./optimum.ts";
import { NO_ESTIMATE, Recorder } from "./recorder.ts";
import type { Curve, RunRow, ScenarioInfo } from "./results.ts";
import { RETIRED_MS, simulate } from "./simulate.ts";
import { PolicySupervisor, type Supervisor } from "./supervisor.ts";
import { peakEntries } from "./workload/peak-entries.ts";
import { readTrace } from "./workload/read-trace.ts";
import { scenarioNamed } from "./workload/scenarios.ts";
import { durationMs, type Workload } from "./workload/workload.ts";
import { worstDayExtra } from "./worst-day.ts";

/** Results of one case, for all its seeds. */
export interface CaseResult {
  readonly info: ScenarioInfo;
  readonly rows: readonly (RunRow & { readonly family: string })[];
  readonly curves: readonly Curve[];
}

/** If the case gives no entry size, it is chosen so that the peak takes about this many pages. */
const PEAK_PAGES = 60;
/** Approximate bytes of an entry in addition to its headers. */
const ENTRY_OVERHEAD_BYTES = 64;
/** The built-in filter caches no larger decisions. */
const LARGEST_ENTRY_BYTES = 16_000;
/** The platform evicts an object that has been idle for this long. */
const EVICT_AFTER_MS = 10_000;
/** Distance between the moments at which the optimum may restart. */
const GRID_MS = 120_000;
const DAY_MS = 86_400_000;
/** Prices of an outbound call, in byte-milliseconds, over which the optimum is swept. */
const PRICES = Array.from({ length: 37 }, (_, step) => 10 ** (8.5 + step / 8));

const PEAK_RULES: ReadonlySet<GrowthRule> = new Set<PeakRule>([
  "built-in",
  "page",
  "doubling",
  "plus-20-percent",
  "arena-4-mib",
]);
/** Opponents that also run on the real module and whose curves are kept. */
const SHOWN = new Set([NEVER.name, MEASURED.name, RATIO.name, "uptime-60min"]);

/**
 * @param calls records the calls into a module that was given by its file
 * @throws Error if the model and the real module disagree on hits, memory or restarts
 */
export async function runCase(given: Case, calls: GuestCalls): Promise<CaseResult> {
  const rows: (RunRow & { family: string })[] = [];
  const curves: Curve[] = [];
  let info: ScenarioInfo | undefined;
  for (const seed of given.seeds) {
    const workload = workloadOf(given, seed);
    const shape = shapeOf(given, workload);
    info ??= infoOf(given, workload, shape);
    const run = new SeedRun(given, workload, shape, seed, calls);
    await run.all();
    rows.push(...run.rows);
    if (seed === given.seeds[0]) curves.push(...run.curves);
  }
  if (info === undefined) throw new Error(`${caseName(given)}: no seeds`);
  return { info, rows, curves };
}

class SeedRun {
  readonly rows: (RunRow & { family: string })[] = [];
  readonly curves: Curve[] = [];
  readonly #case: Case;
  readonly #workload: Workload;
  readonly #shape: CacheShape;
  readonly #seed: number;
  readonly #calls: GuestCalls;
  #neverOutbound = 0;
  #neverOutboundOver: readonly number[] = [];

  constructor(given: Case, workload: Workload, shape: CacheShape, seed: number, calls: GuestCalls) {
    this.#case = given;
    this.#workload = workload;
    this.#shape = shape;
    this.#seed = seed;
    this.#calls = calls;
  }

  async all(): Promise<void> {
    const never = await this.#run(NEVER);
    const { guest, handover, eviction, families, variantSeeds } = this.#case;
    const chosen = (family: string): boolean => families?.includes(family) ?? true;
    const withVariants = variantSeeds?.includes(this.#seed) ?? true;
    for (const opponent of handover ? handoverOpponents() : opponents(never.peakAllocatedBytes)) {
      if (chosen(opponent.family) && (withVariants || !opponent.isVariant)) await this.#run(opponent);
    }
    if (!chosen("optimum") || handover || eviction || !isOneTtl(this.#shape)) return;
    if ("rule" in guest && PEAK_RULES.has(guest.rule)) this.#plan(guest.rule as PeakRule);
  }

  async #run(opponent: Opponent): Promise<RunRow> {
    const shown = SHOWN.has(opponent.name) && this.#seed === this.#case.seeds[0];
    const { guest } = this.#case;
    const row = await this.#runOn(
      opponent,
      "file" in guest
        ? await ModuleGuest.start(guest, this.#calls, this.#workload.deniedFrom)
        : this.#model(guest.rule),
      shown,
    );
    // Only models can hand entries over, and keep entries for different times.
    const real =
      shown &&
      this.#case.real &&
      "rule" in guest &&
      guest.rule === "built-in" &&
      !this.#case.handover &&
      isOneTtl(this.#shape);
    if (!real) {
      this.rows.push(row);
      return row;
    }
    const onModule = await this.#runOn(opponent, await BuiltInGuest.start(this.#shape), false);
    for (const what of ["hits", "meanAllocatedBytes", "peakAllocatedBytes", "restarts"] as const) {
      if (Math.abs(row[what] - onModule[what]) > 1e-6 * row[what]) {
        throw new Error(
          `${row.scenario}, ${row.policy}: ${what} is ${row[what]} by the model, ${onModule[what]} by the module`,
        );
      }
    }
    this.rows.push({ ...row, real: true });
    return row;
  }

  async #runOn(opponent: Opponent, guest: CacheGuest, keepCurve: boolean): Promise<RunRow & { family: string }> {
    const { ttlCapMs, handover, eviction } = this.#case;
    const supervisor = opponent.make(restartSettings({ ttlCapMs }), this.#seed, handover);
    const recorder = new Recorder(estimateOf(opponent, supervisor), this.#shape, durationMs(this.#workload));
    const options = { handover, evictAfterMs: eviction ? EVICT_AFTER_MS : undefined };
    const result = await simulate(this.#workload, guest, supervisor, options, (nowMs, reading) =>
      recorder.add(nowMs, reading),
    );
    const { outboundOver, restarts, meanRequiredBytes, floorBytes, ...means } = result;
    if (opponent === NEVER) {
      this.#neverOutbound = result.outbound;
      this.#neverOutboundOver = outboundOver;
    }
    if (keepCurve) this.curves.push({ scenario: caseName(this.#case), policy: opponent.name, ...recorder.curve });
    return {
      ...this.#identity(opponent.name, opponent.share),
      family: opponent.family,
      real: "file" in this.#case.guest,
      ...means,
      meanHeldBytes: means.meanAllocatedBytes + means.meanRetiredBytes,
      floorBytes: knownOrNull(floorBytes),
      meanRequiredBytes: knownOrNull(meanRequiredBytes),
      extraOutbound: this.#extra(result.outbound),
      extraOutboundWorstDay: worstDayExtra(outboundOver, this.#neverOutboundOver),
      restarts: restarts.length,
      ...recorder.estimate,
    };
  }

  #identity(
    policy: string,
    share: number,
  ): Pick<RunRow, "scenario" | "seed" | "policy" | "handover" | "share" | "ttlChanges"> {
    return {
      scenario: caseName(this.#case),
      seed: this.#seed,
      policy,
      handover: this.#case.handover,
      share,
      ttlChanges: this.#shape.change !== undefined,
    };
  }

  #plan(rule: PeakRule): void {
    const { allocatedFor } = guestMemory(rule, this.#shape.entryBytes);
    const optimum = new OfflineOptimum(this.#workload, { ttlMs: this.#shape.ttlMs, allocatedFor }, GRID_MS);
    const requests = this.#workload.keys.length;
    for (const price of PRICES) {
      const plan = optimum.plan(price);
      this.rows.push(this.#planRow(price, plan, requests));
    }
  }

  #planRow(price: number, plan: Plan, requests: number): RunRow & { family: string } {
    const spanMs = Math.max(1, durationMs(this.#workload));
    const extraOutbound = this.#extra(plan.outbound);
    const meanRetiredBytes = (plan.endedBytes * RETIRED_MS) / spanMs;
    return {
      ...this.#identity(`optimum-${price.toExponential(1)}`, DEFAULT_SHARE),
      family: "optimum",
      real: false,
      meanAllocatedBytes: plan.meanAllocatedBytes,
      peakAllocatedBytes: plan.peakAllocatedBytes,
      meanRetiredBytes,
      meanHeldBytes: plan.meanAllocatedBytes + meanRetiredBytes,
      floorBytes: null,
      cpuShare: (plan.restartsMs.length * restartWorkMs(0)) / spanMs,
      meanRequiredBytes: null,
      requests,
      hits: requests - plan.outbound,
      outbound: plan.outbound,
      extraOutbound,
      extraOutboundWorstDay: spanMs <= DAY_MS ? extraOutbound : null,
      restarts: plan.restartsMs.length,
      ...NO_ESTIMATE,
    };
  }

  #extra(outbound: number): number {
    return this.#neverOutbound > 0 ? outbound / this.#neverOutbound - 1 : 0;
  }

  #model(rule: GrowthRule): CacheGuest {
    return guestModel(rule, this.#shape, this.#workload.keyCount);
  }
}

function workloadOf({ source }: Case, seed: number): Workload {
  if (source.kind === "scenario") return scenarioNamed(source.name).make(seed);
  return readTrace(source.file, source.decisionKey, source.speed);
}

function shapeOf({ source, ttlMs, entryBytes }: Case, workload: Workload): CacheShape {
  const { change, second, deniedTtlMs } = (source.kind === "scenario" && scenarioNamed(source.name).ttl) || {};
  const denied =
    workload.deniedFrom === undefined ? undefined : { fromKey: workload.deniedFrom, ttlMs: deniedTtlMs ?? ttlMs };
  const ttl = { ttlMs, change, second, denied };
  if (entryBytes !== undefined) return { ...ttl, entryBytes };
  const peak = peakEntries(workload, Math.max(ttlMs, change?.ttlMs ?? 0, second?.ttlMs ?? 0));
  const each = (PEAK_PAGES * PAGE_BYTES) / Math.max(1, peak) - ENTRY_OVERHEAD_BYTES;
  return { ...ttl, entryBytes: Math.round(Math.min(Math.max(each, 0), LARGEST_ENTRY_BYTES)) };
}

/** Only `measured` has an estimate of its own. */
function estimateOf({ family }: Opponent, supervisor: Supervisor): ConstructorParameters<typeof Recorder>[0] {
  if (family !== MEASURED.family || !(supervisor instanceof PolicySupervisor)) return undefined;
  return (nowMs) => supervisor.controller.estimate(nowMs);
}

/** JSON has no NaN. */
function knownOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function infoOf(given: Case, workload: Workload, shape: CacheShape): ScenarioInfo {
  return {
    name: caseName(given),
    workload: workloadName(given.source),
    recorded: given.source.kind === "trace",
    guest: "rule" in given.guest ? given.guest.rule : given.guest.file,
    ttlMs: given.ttlMs,
    oneTtl: isOneTtl(shape),
    ttlCapMs: given.ttlCapMs,
    entryBytes: shape.entryBytes,
    handover: given.handover,
    eviction: given.eviction,
    requests: workload.keys.length,
    spanMs: durationMs(workload),
  };
}

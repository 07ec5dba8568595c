import { restartSettings } from "../config/index.ts";
import { PAGE_BYTES } from "../wasm/byte-units.ts";
import { type Case, caseName } from "./cases.ts";
import { BuiltInGuest } from "./guests/built-in-guest.ts";
import type { CacheGuest, CacheShape, GrowthRule } from "./guests/cache-guest.ts";
import type { GuestCalls } from "./guests/guest-calls.ts";
import { guestMemory, type PeakRule } from "./guests/memory-rules.ts";
import { guestModel } from "./guests/model.ts";
import { ModuleGuest } from "./guests/module-guest.ts";
import { MEASURED, NEVER, type Opponent, opponents, RATIO } from "./opponents.ts";
import { OfflineOptimum, type Plan } from "./optimum.ts";
import { Recorder } from "./recorder.ts";
import type { Curve, RunRow, ScenarioInfo } from "./results.ts";
import { simulate } from "./simulate.ts";
import { peakEntries } from "./workload/peak-entries.ts";
import { readTrace } from "./workload/read-trace.ts";
import { scenarioNamed } from "./workload/scenarios.ts";
import { durationMs, type Workload } from "./workload/workload.ts";

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

  constructor(given: Case, workload: Workload, shape: CacheShape, seed: number, calls: GuestCalls) {
    this.#case = given;
    this.#workload = workload;
    this.#shape = shape;
    this.#seed = seed;
    this.#calls = calls;
  }

  async all(): Promise<void> {
    const never = await this.#run(NEVER);
    const { guest, handover, eviction, families } = this.#case;
    const chosen = (family: string): boolean => families?.includes(family) ?? true;
    for (const opponent of opponents(never.peakAllocatedBytes)) {
      if (chosen(opponent.family)) await this.#run(opponent);
    }
    if (!chosen("optimum")) return;
    if ("rule" in guest && PEAK_RULES.has(guest.rule) && !handover && !eviction) this.#plan(guest.rule as PeakRule);
  }

  async #run(opponent: Opponent): Promise<RunRow> {
    const shown = SHOWN.has(opponent.name) && this.#seed === this.#case.seeds[0];
    const { guest } = this.#case;
    const row = await this.#runOn(
      opponent,
      "file" in guest ? await ModuleGuest.start(guest, this.#calls) : this.#model(guest.rule),
      shown,
    );
    // Only models can hand entries over.
    const real = shown && this.#case.real && "rule" in guest && guest.rule === "built-in" && !this.#case.handover;
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
    const recorder = new Recorder(supervisor, this.#shape.ttlMs, durationMs(this.#workload));
    const options = { handover, evictAfterMs: eviction ? EVICT_AFTER_MS : undefined };
    const result = await simulate(this.#workload, guest, supervisor, options, (nowMs, reading) =>
      recorder.add(nowMs, reading),
    );
    if (opponent === NEVER) this.#neverOutbound = result.outbound;
    const scenario = caseName(this.#case);
    if (keepCurve) this.curves.push({ scenario, policy: opponent.name, ...recorder.curve });
    return {
      scenario,
      seed: this.#seed,
      policy: opponent.name,
      family: opponent.family,
      real: "file" in this.#case.guest,
      ...result,
      meanRequiredBytes: Number.isNaN(result.meanRequiredBytes) ? null : result.meanRequiredBytes,
      extraOutbound: this.#extra(result.outbound),
      restarts: result.restarts.length,
      ...recorder.estimate,
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
    return {
      scenario: caseName(this.#case),
      seed: this.#seed,
      policy: `optimum-${price.toExponential(1)}`,
      family: "optimum",
      real: false,
      meanAllocatedBytes: plan.meanAllocatedBytes,
      peakAllocatedBytes: plan.peakAllocatedBytes,
      meanRequiredBytes: null,
      requests,
      hits: requests - plan.outbound,
      outbound: plan.outbound,
      extraOutbound: this.#extra(plan.outbound),
      restarts: plan.restartsMs.length,
      requiredError: null,
      ttlKnownAfterMs: null,
      ttlRatio: null,
      ttlWorstRatio: null,
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

function shapeOf({ ttlMs, entryBytes }: Case, workload: Workload): CacheShape {
  if (entryBytes !== undefined) return { ttlMs, entryBytes };
  const each = (PEAK_PAGES * PAGE_BYTES) / Math.max(1, peakEntries(workload, ttlMs)) - ENTRY_OVERHEAD_BYTES;
  return { ttlMs, entryBytes: Math.round(Math.min(Math.max(each, 0), LARGEST_ENTRY_BYTES)) };
}

function infoOf(given: Case, workload: Workload, shape: CacheShape): ScenarioInfo {
  return {
    name: caseName(given),
    workload: workload.name,
    guest: "rule" in given.guest ? given.guest.rule : given.guest.file,
    ttlMs: given.ttlMs,
    ttlCapMs: given.ttlCapMs,
    entryBytes: shape.entryBytes,
    handover: given.handover,
    eviction: given.eviction,
    requests: workload.keys.length,
    spanMs: durationMs(workload),
  };
}

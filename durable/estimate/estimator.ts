import type { EstimateSettings } from "../../config/index.ts";
import type { Sample } from "../metrics/samples.ts";
import { demandNow } from "./demand.ts";
import type { Estimate } from "./estimate.ts";
import type { Line } from "./growth-fit.ts";
import { type GrowthRule, grownTo } from "./growth-rule.ts";
import { GrowthSteps } from "./growth-steps.ts";
import { lostCalls } from "./lost-calls.ts";
import { OutboundCurve } from "./outbound-curve.ts";
import { TtlFinder, type WatchedLife } from "./ttl-finder.ts";
import { TtlWindows } from "./ttl-windows.ts";

/** Number of growth events after which a new fit replaces the stored one. */
const TRUSTED_EVENTS = 8;
/** The baseline includes this many standard deviations: a fresh instance also grows to random peaks. */
const PEAK_DEVIATIONS = 3;

/** The estimator's results that are stored for the time when the object is not in memory. A few numbers; JSON. */
export interface EstimatorState {
  readonly observedMs: number;
  readonly ttlMs: number | undefined;
  readonly bytesPerEntry: number | undefined;
  readonly fixedBytes: number | undefined;
  readonly growthRule: GrowthRule | undefined;
}

export const NOTHING_KNOWN: EstimatorState = {
  observedMs: 0,
  ttlMs: undefined,
  bytesPerEntry: undefined,
  fixedBytes: undefined,
  growthRule: undefined,
};

/** The current generation as the estimator sees it. */
interface Life extends WatchedLife {
  readonly number: number;
  readonly startedMs: number;
  allocatedBytes: number;
  hasGrown: boolean;
  grewAtMs: number;
}

/**
 * Estimates TTL, bytes per entry, fixed bytes, growth rule, required, surplus and baseline from samples alone.
 * Deterministic: the same samples give the same numbers. Memory is constant; a sample costs a few microseconds.
 */
export class Estimator {
  readonly #settings: Readonly<EstimateSettings>;
  readonly #before: EstimatorState;
  readonly #steps: GrowthSteps;
  readonly #finder: TtlFinder;
  #life: Life;
  /** Size of a fresh instance without entries. */
  #freshBytes = 0;
  #observedMs: number;

  constructor(settings: Readonly<EstimateSettings>, before: EstimatorState = NOTHING_KNOWN) {
    this.#settings = settings;
    this.#before = before;
    this.#observedMs = before.observedMs;
    this.#steps = new GrowthSteps(before.growthRule);
    this.#finder = new TtlFinder(settings, this.#steps, before.ttlMs);
    this.#life = this.#newLife(0, 0, 0);
  }

  /**
   * A fresh instance started. Keeps the results of earlier generations.
   * @param lossless it took over the live entries of the previous instance
   */
  started(number: number, startedMs: number, startBytes: number, lossless = false): void {
    const before = this.#life;
    const isFirst = before.number === 0;
    if (!isFirst) this.#finder.ended(before);
    const next = this.#newLife(number, startedMs, startBytes);
    const goesOn = lossless && !isFirst;
    if (goesOn) {
      before.windows.restart();
      // No calls were made while no instance ran, so don't spread the next calls over that time.
      if (startedMs > before.curve.endMs) before.curve.push(startedMs, 0, 0);
    }
    this.#life = goesOn ? { ...next, curve: before.curve, windows: before.windows, emptyAtMs: before.emptyAtMs } : next;
    this.#finder.started(goesOn);
    // An instance that took over entries starts larger than an empty one.
    if (isFirst || !lossless) this.#freshBytes = startBytes;
  }

  /**
   * Takes the samples of an instance that was evicted with its object, so that calls made before the eviction count for the
   * instance with the restored entries. Call it before `started`. The growth in these samples is not learned again.
   * @param freshBytes size of a fresh instance without entries
   */
  recall(samples: readonly Readonly<Sample>[], freshBytes: number): void {
    const [first, last] = [samples[0], samples.at(-1)];
    if (first === undefined || last === undefined) return;
    this.#life = { ...this.#newLife(first.generation, first.timeMs, last.allocatedBytes), hasGrown: true };
    const { curve, windows } = this.#life;
    for (const { timeMs, outbound, requests } of samples) {
      curve.push(timeMs, outbound, requests);
      windows.update(curve);
    }
    this.#freshBytes = freshBytes;
  }

  /** Adds a sample of the running generation. Ignores samples of other generations. */
  push(sample: Readonly<Sample>): void {
    const life = this.#life;
    if (sample.generation !== life.number) return;
    const { curve, windows } = life;
    this.#observedMs += Math.max(0, sample.timeMs - Math.max(curve.endMs, life.startedMs));
    curve.push(sample.timeMs, sample.outbound, sample.requests);
    windows.update(curve);
    this.#notice(life, sample.allocatedBytes - life.allocatedBytes);
    this.#finder.update(life, this.#freshBytes);
  }

  /** @param presentBytes current size of the instance; by default its size at the last sample */
  estimate(nowMs: number, presentBytes?: number): Estimate {
    const { number, startedMs, emptyAtMs, curve, windows, allocatedBytes: sampledBytes } = this.#life;
    const startBytes = this.#freshBytes;
    const allocatedBytes = presentBytes ?? sampledBytes;
    const { ttl, candidate, isOpen } = this.#finder;
    const line = this.#line;
    const outboundInTtl = windows.now[candidate]!;
    const demand = demandNow(curve, ttl.ms, Math.min(emptyAtMs + ttl.ms, curve.endMs - ttl.ms));
    const needed = (calls: number): number => (line ? line.fixedBytes + line.bytesPerEntry * calls : allocatedBytes);
    const requiredBytes = clamp(Math.round(needed(outboundInTtl)), 0, allocatedBytes);
    const expectedPeak = demand.calls + PEAK_DEVIATIONS * Math.sqrt(demand.calls);
    const baselineBytes = line ? grownTo(this.#steps.rule, startBytes, needed(expectedPeak)) : allocatedBytes;
    const requests = curve.requestsSince(curve.endMs - ttl.ms);
    const hitShare = requests > 0 ? clamp(1 - outboundInTtl / requests, 0, 1) : 0;
    const windowMs = Math.max(1, Math.min(ttl.ms, curve.endMs - emptyAtMs));
    return {
      generation: number,
      atMs: nowMs,
      uptimeMs: Math.max(0, nowMs - startedMs),
      filledMs: Math.max(0, nowMs - emptyAtMs),
      observedMs: this.#observedMs,
      allocatedBytes,
      requiredBytes,
      surplusBytes: allocatedBytes - requiredBytes,
      baselineBytes: Math.round(baselineBytes),
      startBytes,
      ttlMs: ttl.ms,
      ttlConfidence: ttl.confidence,
      bytesPerEntry: line?.bytesPerEntry,
      fixedBytes: line?.fixedBytes,
      growthRule: this.#steps.rule,
      growsWithoutEnd: isOpen && curve.endMs - this.#life.grewAtMs <= this.#settings.ttlCapMs,
      outboundInTtl,
      maxOutboundInTtl: windows.max[candidate]!,
      demandCalls: demand.calls,
      hitShare,
      lostCalls: lostCalls(curve, ttl.ms, hitShare),
      requestsPerSecond: (1_000 * requests) / windowMs,
    };
  }

  /** The results to store, for use after an eviction of the object. */
  get knowledge(): EstimatorState {
    const { ttl } = this.#finder;
    const line = this.#line;
    return {
      observedMs: this.#observedMs,
      ttlMs: ttl.confidence === "measured" ? ttl.ms : this.#before.ttlMs,
      bytesPerEntry: line?.bytesPerEntry,
      fixedBytes: line?.fixedBytes,
      growthRule: this.#steps.rule,
    };
  }

  get #line(): Line | undefined {
    const { line, events } = this.#finder;
    const { bytesPerEntry, fixedBytes } = this.#before;
    if (bytesPerEntry === undefined || fixedBytes === undefined) return line;
    // A stored fit of many events is better than a new fit of a few.
    return line !== undefined && events >= TRUSTED_EVENTS ? line : { bytesPerEntry, fixedBytes };
  }

  #notice(life: Life, grownBytes: number): void {
    if (!(grownBytes > 0)) return;
    const step = { fromBytes: life.allocatedBytes, grownBytes };
    this.#steps.add(step);
    // Calls before the first growth event filled memory that the instance had from its start.
    if (life.hasGrown) this.#finder.grew(life, step);
    life.hasGrown = true;
    life.grewAtMs = life.curve.endMs;
    life.allocatedBytes += grownBytes;
  }

  #newLife(number: number, startedMs: number, startBytes: number): Life {
    return {
      number,
      startedMs,
      emptyAtMs: startedMs,
      curve: new OutboundCurve(startedMs),
      windows: new TtlWindows(this.#finder.grid),
      allocatedBytes: startBytes,
      hasGrown: false,
      grewAtMs: startedMs,
    };
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

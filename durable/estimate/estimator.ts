import type { EstimateSettings } from "../../config/index.ts";
import type { Sample } from "../metrics/samples.ts";
import { type Demand, demandNow } from "./demand.ts";
import type { Estimate } from "./estimate.ts";
import { FillPhases, shapeByHits } from "./fill-phase.ts";
import type { Line } from "./growth-fit.ts";
import { type GrowthRule, grownTo } from "./growth-rule.ts";
import { GrowthSteps } from "./growth-steps.ts";
import { AGE_CLASSES, ageClass, lossCost, NO_LOSSES } from "./loss-cost.ts";
import { entriesByAge, lostCalls } from "./lost-calls.ts";
import { OutboundCurve } from "./outbound-curve.ts";
import { Questions } from "./questions.ts";
import { RepeatTtl } from "./repeats.ts";
import type { Ttl } from "./ttl.ts";
import { TtlFinder, type WatchedLife } from "./ttl-finder.ts";
import { TtlWindows } from "./ttl-windows.ts";

/** Number of growth events after which a new fit replaces the stored one. */
const TRUSTED_EVENTS = 8;
/** The TTL by repeats has changed if it differs by this factor: growth that was seen before tells nothing any more. */
const CHANGED = 1.25;
/** Growth contradicts a TTL by repeats if it shows one that is longer by this factor. It is believed for so many of its lengths. */
const DOUBT = 1.5;
const DOUBTED_TTLS = 6;
/** A load is steady if its requests differ by less than this factor. */
const STEADY = 1.3;
/** If all clients come back after a TTL, restarts cost less by this share: a few clients then make most requests. */
const PRIOR_NEVER = 0.6;
const PRIOR_SAVING = 0.4;
/** Weight of one call in the share of returning clients. */
const RETURNING_WEIGHT = 1 / 500;
/** If the true TTL equals the cap, the estimate may be a little above it. */
const CAP_TOLERANCE = 1.1;
/** A sample with more denials and failures than this, for each call that made an entry, is flooded. */
const FLOOD = 0.25;
/** Weight of the newest handover in the mean error of predictions. */
const NEWEST_HANDOVER = 0.3;
/** Calls have fallen if they are below this share of those at the last handover. */
const FALLEN = 0.8;
/** Demand is averaged over at least this time. */
const MIN_DEMAND_MS = 600_000;

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

/** What an outbound call came to. Denials and failures make no entry that lives for the TTL. */
export type AnswerClass = "allowed" | "denied" | "failed";

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
 * Deterministic: the same samples give the same numbers. Memory is bounded. A sample costs some tens of
 * microseconds (`npm run bench:estimator`).
 */
export class Estimator {
  readonly #settings: Readonly<EstimateSettings>;
  readonly #before: EstimatorState;
  readonly #steps: GrowthSteps;
  readonly #questions: Questions;
  readonly #repeats = new RepeatTtl();
  readonly #fills = new FillPhases();
  /** Calls that a full cache would have made, and all requests, over all generations. */
  #demand: OutboundCurve | undefined;
  #demandSinceMs = 0;
  /** The demand of a full cache is known from one TTL after this time on. */
  #demandFromMs = 0;
  #finder: TtlFinder;
  /** The TTL by repeats at the last sample. */
  #repeatMs: number | undefined;
  /** The line when a repeat last agreed with the TTL. Later growth may come from entries with another one. */
  #confirmed: Line | undefined;
  /** The TTL has changed since the estimator began. */
  #hasChanged = false;
  /** Growth before says nothing about the present TTL. */
  #growthFromMs = Number.NEGATIVE_INFINITY;
  /** Until then growth contradicts the TTL by repeats: entries of a second, longer TTL take longer to repeat. */
  #doubtedUntilMs = Number.NEGATIVE_INFINITY;
  /** Extra calls since the last sample: questions whose answer was lost with a cache before its time. */
  #repeatedCalls = 0;
  #extraCalls = new Array<number>(AGE_CLASSES).fill(0);
  /** Calls since the last sample that made no entry: denials and failures. */
  #otherCalls = 0;
  /** The same up to the last sample, over all generations. */
  #allOtherCalls = 0;
  /** Time of the last sample with many of them. */
  #floodedAtMs = Number.NEGATIVE_INFINITY;
  #demandedCalls = 0;
  /** Whether the running generation began empty and has not filled for one TTL yet. */
  #isFilling = true;
  /** When the cache before this one was full, under the load that it ended with. */
  #fullBefore: { readonly fromMs: number; readonly toMs: number } | undefined;
  /** Share of calls for questions whose answer had expired: clients that come back after a TTL. Faded. */
  #returning = 0;
  /** As of the last sample. */
  #hitShare = 0;
  /** By how much fresh instances that took over all entries were larger than predicted. Mean of the last ones. */
  #handoverErrorBytes = 0;
  /** N_T when the running instance took over its entries; undefined if it did not. */
  #callsAtHandover: number | undefined;
  #life: Life;
  /** Size of a fresh instance without entries. */
  #freshBytes = 0;
  #observedMs: number;
  /** The line that was known before: stored, or found under an earlier TTL. */
  #known: Line | undefined;

  constructor(settings: Readonly<EstimateSettings>, before: EstimatorState = NOTHING_KNOWN) {
    this.#settings = settings;
    this.#before = before;
    this.#observedMs = before.observedMs;
    const { bytesPerEntry, fixedBytes } = before;
    if (bytesPerEntry !== undefined && fixedBytes !== undefined) this.#known = { bytesPerEntry, fixedBytes };
    this.#steps = new GrowthSteps(before.growthRule);
    this.#finder = new TtlFinder(settings, this.#steps, before.ttlMs);
    this.#questions = new Questions(settings.ttlCapMs);
    this.#life = this.#newLife(0, 0, 0);
  }

  /**
   * A fresh instance started. Keeps the results of earlier generations.
   * @param lossless it took over the live entries of the previous instance
   */
  started(number: number, startedMs: number, startBytes: number, lossless = false): void {
    const before = this.#life;
    const isFirst = before.number === 0;
    if (!isFirst) {
      this.#finder.ended(before);
      const toMs = this.#demand?.endMs ?? startedMs;
      this.#fullBefore = { fromMs: toMs - this.#demandOf(this.#ttl.ms).windowMs, toMs };
      if (lossless) this.#learnHandover(startBytes);
    }
    if (!lossless) this.#callsAtHandover = undefined;
    if (!lossless) {
      this.#questions.emptied(startedMs);
      this.#repeats.emptied(startedMs);
    }
    this.#isFilling = !lossless;
    this.#extraCalls = new Array<number>(AGE_CLASSES).fill(0);
    this.#demand ??= new OutboundCurve(startedMs);
    if (isFirst) this.#demandFromMs = this.#demandSinceMs = startedMs;
    const next = this.#newLife(number, startedMs, startBytes);
    const goesOn = lossless && !isFirst;
    if (goesOn) {
      before.windows.restart();
      // No calls were made while no instance ran, so don't spread the next calls over that time.
      if (startedMs > before.curve.endMs) before.curve.push(startedMs, 0, 0);
    }
    this.#life = goesOn ? { ...next, curve: before.curve, windows: before.windows, emptyAtMs: before.emptyAtMs } : next;
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

  /**
   * An outbound call was answered.
   * @param question a hash of all that makes two calls equal, 32 bits unsigned
   * @param askedAtMs when it began
   */
  called(question: number, askedAtMs: number, outcome: AnswerClass): void {
    if (outcome !== "allowed") {
      this.#otherCalls += 1;
      return;
    }
    const again = this.#questions.asked(question, askedAtMs);
    if (again === "not_kept") return;
    if (again?.lostAfterMs === undefined) {
      this.#returning += RETURNING_WEIGHT * ((again === undefined ? 0 : 1) - this.#returning);
    }
    if (again === undefined) return;
    if (again.lostAfterMs === undefined) this.#repeats.repeated(again.afterMs, again.livedMs);
    else this.#noteLost(again.afterMs, again.lostAfterMs, this.#ttlOf(again.livedMs));
  }

  /** A question was asked again whose answer was lost with a cache, at this age. @param ttlMs of its answers */
  #noteLost(afterMs: number, lostAfterMs: number, ttlMs: number): void {
    if (afterMs >= ttlMs) return;
    const calls = repeatedCall(afterMs / ttlMs, this.#hitShare * this.#returning) / this.#questions.share;
    this.#repeatedCalls += calls;
    const age = ageClass(lostAfterMs / this.#ttl.ms) ?? AGE_CLASSES - 1;
    this.#extraCalls[age]! += calls;
  }

  /** If there are two TTLs: the shorter one of a question whose answer expired before the longer. */
  #ttlOf(livedMs: number | undefined): number {
    const { ms } = this.#ttl;
    return livedMs !== undefined && livedMs < ms ? Math.min(ms, this.#repeats.ttlMs ?? ms) : ms;
  }

  /** Calls before the last sample, since the one before it, that a full cache would have made. Without denials and failures. */
  get demandedCalls(): number {
    return this.#demandedCalls;
  }

  /** Calls up to the last sample that made no entry: denials and failures. */
  get otherCalls(): number {
    return this.#allOtherCalls;
  }

  /** Extra outbound calls since the last loss of the cache, by age class of the lost entries. */
  get extraCalls(): readonly number[] {
    return this.#extraCalls;
  }

  /** Entries that are lost if the cache is lost now, by age class. */
  get entriesByAge(): readonly number[] {
    return entriesByAge({ ...this.#life, ttlMs: this.#ttl.ms });
  }

  /** Adds a sample of the running generation. Ignores samples of other generations. */
  push(sample: Readonly<Sample>): void {
    const life = this.#life;
    if (sample.generation !== life.number) return;
    const { curve, windows } = life;
    this.#observedMs += Math.max(0, sample.timeMs - Math.max(curve.endMs, life.startedMs));
    const outbound = Math.max(0, sample.outbound - this.#otherCalls);
    const requests = Math.max(0, sample.requests - this.#otherCalls);
    this.#allOtherCalls += this.#otherCalls;
    const isFlooded = this.#otherCalls > FLOOD * outbound;
    if (isFlooded) this.#floodedAtMs = sample.timeMs;
    this.#otherCalls = 0;
    curve.push(sample.timeMs, outbound, requests);
    windows.update(curve);
    this.#demandedCalls = Math.max(0, outbound - this.#repeatedCalls);
    this.#demand?.push(sample.timeMs, this.#demandedCalls, requests);
    this.#repeatedCalls = 0;
    this.#repeats.update(sample.timeMs, requests);
    this.#forgetIfChanged();
    this.#notice(life, sample.allocatedBytes - life.allocatedBytes, isFlooded);
    this.#finder.update(life, this.#freshBytes);
    this.#learnFill(life);
    this.#hitShare = this.#hitShareOf(this.#demandOf(this.#ttl.ms), this.#ttl.ms);
  }

  get ttlMs(): number {
    return this.#ttl.ms;
  }

  /** By repeats. Of two, the longer: with the shorter, memory would count as free that is in use. */
  get #repeatedTtlMs(): number | undefined {
    const { longerTtlMs, ttlMs } = this.#repeats;
    const { confidence, maxMs } = this.#finder.ttl;
    // All clients that come once an hour look like a second TTL too, but no memory is held for it.
    const isShorterByGrowth = longerTtlMs !== undefined && confidence === "measured" && CHANGED * maxMs < longerTtlMs;
    if (longerTtlMs !== undefined && !isShorterByGrowth) return longerTtlMs;
    return this.#life.curve.endMs < this.#doubtedUntilMs ? undefined : ttlMs;
  }

  /** The TTL: by repeats, else by growth. */
  get #ttl(): Ttl {
    const { ttl } = this.#finder;
    const ms = this.#repeatedTtlMs;
    if (ms === undefined) return ttl;
    const { ttlCapMs } = this.#settings;
    const beyondCap = ms > CAP_TOLERANCE * ttlCapMs;
    return {
      ms: Math.min(ms, ttlCapMs),
      confidence: beyondCap || this.#repeats.isDoubtful ? "bounded" : "measured",
      beyondCap,
      minMs: Math.min(ms, ttlCapMs),
      maxMs: ttlCapMs,
    };
  }

  /** After a change of the TTL, growth that was seen before says nothing about it any more. */
  #forgetIfChanged(): void {
    this.#doubtIfContradicted();
    const ms = this.#repeatedTtlMs;
    const before = this.#repeatMs;
    if (this.#repeats.isConfirmed && this.#ttl.confidence === "measured") this.#confirmed = this.#line;
    this.#repeatMs = ms;
    if (ms === undefined && before === undefined) return;
    const grownMs = this.#finder.ttl.confidence === "measured" ? this.#finder.ttl.ms : undefined;
    // Repeats have stopped to come: those of entries that were written before would look like a TTL in between.
    if (ms === undefined) this.#questions.forget();
    else if (before === undefined ? !(this.#hasChanged || differs(ms, grownMs)) : !differs(ms, before)) return;
    this.#hasChanged = true;
    this.#known = this.#confirmed ?? this.#known;
    this.#handoverErrorBytes = 0;
    this.#finder = new TtlFinder(this.#settings, this.#steps, undefined);
    this.#life = { ...this.#life, windows: this.#windowsAgain() };
    const { endMs } = this.#life.curve;
    this.#demandFromMs = Math.max(this.#demandFromMs, endMs - (ms ?? 0));
    // The calls of the last new TTL include some whose entries have expired by the old one.
    this.#growthFromMs = endMs + (ms ?? 0);
  }

  /** The first TTL by repeats is far below what growth shows: there may be a longer one, which takes some of its lengths to see. */
  #doubtIfContradicted(): void {
    const ms = this.#repeatedTtlMs;
    const { minMs } = this.#finder.ttl;
    if (ms === undefined || this.#repeatMs !== undefined || this.#doubtedUntilMs > 0 || minMs < DOUBT * ms) return;
    this.#doubtedUntilMs = this.#life.curve.endMs + DOUBTED_TTLS * minMs;
  }

  /** The windows of the running instance, whose maximum begins anew. */
  #windowsAgain(): TtlWindows {
    const windows = new TtlWindows(this.#finder.grid);
    windows.update(this.#life.curve);
    windows.restart();
    return windows;
  }

  /** Learns from a cache that has filled for one TTL under a steady load. */
  #learnFill({ curve, emptyAtMs }: Life): void {
    const { ms, confidence } = this.#ttl;
    if (!this.#isFilling || confidence !== "measured") return;
    const filledAtMs = emptyAtMs + ms;
    // Of the first cache, only the time after its fill tells what a full one asks.
    const full = this.#fullBefore ?? { fromMs: filledAtMs, toMs: filledAtMs + ms };
    if (curve.endMs < Math.max(filledAtMs, full.toMs)) return;
    this.#isFilling = false;
    const demand = this.#demand ?? curve;
    const perMs = (fromMs: number, toMs: number): number => demand.requestsIn(fromMs, toMs) / (toMs - fromMs);
    const load = perMs(emptyAtMs, filledAtMs) / perMs(full.fromMs, full.toMs);
    if (!(load < STEADY && load > 1 / STEADY)) return;
    const demandCalls = (demand.callsIn(full.fromMs, full.toMs) * ms) / (full.toMs - full.fromMs);
    this.#fills.filled(curve, emptyAtMs, ms, load * demandCalls);
  }

  #demandOf(ttlMs: number): Demand {
    const demand = this.#demand ?? this.#life.curve;
    return demandNow(demand, ttlMs, Math.min(this.#demandFromMs + ttlMs, demand.endMs - ttlMs), MIN_DEMAND_MS);
  }

  #requestsIn({ windowMs }: Demand): number {
    const demand = this.#demand ?? this.#life.curve;
    return demand.requestsSince(demand.endMs - windowMs);
  }

  /** Share of requests that need no outbound call while the cache is full. */
  #hitShareOf(demand: Demand, ttlMs: number): number {
    const requests = this.#requestsIn(demand);
    return requests > 0 ? clamp(1 - (demand.calls * demand.windowMs) / ttlMs / requests, 0, 1) : 0;
  }

  /** A fresh instance took over all entries: compares its size with what was predicted. */
  #learnHandover(startBytes: number): void {
    const { endMs } = this.#life.curve;
    this.#callsAtHandover = this.#life.curve.callsIn(endMs - this.#ttl.ms, endMs);
    if (this.#line === undefined || endMs < this.#growthFromMs) return;
    // Denials that were handed over too would be taken for entries that the calls do not explain.
    if (endMs - this.#floodedAtMs < Math.max(this.#ttl.ms, MIN_DEMAND_MS)) return;
    const { requiredBytes } = this.estimate(endMs);
    const predictedBytes = grownTo(this.#steps.rule, this.#freshBytes, requiredBytes);
    this.#handoverErrorBytes += NEWEST_HANDOVER * (startBytes - predictedBytes - this.#handoverErrorBytes);
  }

  /** @param presentBytes current size of the instance; by default its size at the last sample */
  estimate(nowMs: number, presentBytes?: number, losses = NO_LOSSES): Estimate {
    const { number, startedMs, emptyAtMs, curve, allocatedBytes: sampledBytes } = this.#life;
    const startBytes = this.#freshBytes;
    const allocatedBytes = presentBytes ?? sampledBytes;
    const ttl = this.#ttl;
    const { isOpen } = this.#finder;
    const line = this.#line;
    const rule = this.#steps.rule;
    const outboundInTtl = curve.callsIn(curve.endMs - ttl.ms, curve.endMs);
    const demand = this.#demandOf(ttl.ms);
    const needed = (calls: number): number => (line ? line.fixedBytes + line.bytesPerEntry * calls : allocatedBytes);
    const requiredBytes = clamp(Math.round(needed(outboundInTtl)), 0, allocatedBytes);
    const baselineBytes = line
      ? grownTo(rule, startBytes, needed(demand.calls + Math.sqrt(demand.calls)))
      : allocatedBytes;
    const hitShare = this.#hitShareOf(demand, ttl.ms);
    const cost = lossCost(losses, hitShare * (PRIOR_NEVER - PRIOR_SAVING * this.#returning));
    return {
      generation: number,
      atMs: nowMs,
      uptimeMs: Math.max(0, nowMs - startedMs),
      filledMs: Math.max(0, nowMs - emptyAtMs),
      observedMs: this.#observedMs,
      allocatedBytes,
      requiredBytes,
      surplusBytes: allocatedBytes - requiredBytes,
      handedOverBytes: clamp(grownTo(rule, startBytes, requiredBytes) + this.#handoverErrorBytes, 0, allocatedBytes),
      hasFallen: outboundInTtl < FALLEN * (this.#callsAtHandover ?? 0),
      baselineBytes: Math.round(baselineBytes),
      startBytes,
      ttlMs: ttl.ms,
      ttlConfidence: ttl.confidence,
      secondTtlMs: this.#repeatMs === this.#repeats.longerTtlMs ? this.#repeats.ttlMs : undefined,
      bytesPerEntry: line?.bytesPerEntry,
      fixedBytes: line?.fixedBytes,
      growthRule: rule,
      growsWithoutEnd: isOpen && curve.endMs - this.#life.grewAtMs <= this.#settings.ttlCapMs,
      outboundInTtl,
      isRising: isRising(this.#demand ?? curve, ttl.ms),
      demandCalls: demand.calls,
      hitShare,
      requestsPerSecond:
        (1_000 * this.#requestsIn(demand)) / Math.max(1, Math.min(demand.windowMs, curve.endMs - this.#demandSinceMs)),
      fill: this.#fills.shape ?? shapeByHits(hitShare),
      lostCalls: lostCalls({ curve, emptyAtMs, ttlMs: ttl.ms }, demand.calls, cost),
      lossCost: cost,
    };
  }

  /** The results to store, for use after an eviction of the object. */
  get knowledge(): EstimatorState {
    const ttl = this.#ttl;
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
    const line = this.#finder.line(this.#repeatMs);
    if (this.#known === undefined || line === undefined) return line ?? this.#known;
    // A known fit of many events is better than a new fit of a few, or one for a TTL that is not sure.
    const isBetter = this.#finder.events >= TRUSTED_EVENTS && this.#ttl.confidence === "measured";
    return isBetter ? line : this.#known;
  }

  /** @param isFlooded denials may have caused the growth, so that it says nothing about entries */
  #notice(life: Life, grownBytes: number, isFlooded: boolean): void {
    if (!(grownBytes > 0)) return;
    const step = { fromBytes: life.allocatedBytes, grownBytes };
    this.#steps.add(step);
    // Calls before the first growth event filled memory that the instance had from its start.
    const tells = life.hasGrown && !isFlooded && life.curve.endMs >= this.#growthFromMs;
    if (tells) this.#finder.grew(life, step);
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

/**
 * Extra calls that one call stands for which repeats a question of `age` TTLs ago, whose answer was lost. It moves all later
 * calls for this key by the rest of the TTL and the wait of the client after it (docs/model.md, point 5).
 */
function repeatedCall(age: number, regained: number): number {
  return 1 - regained * age;
}

/** Whether two TTLs differ too much for one to be an estimate of the other. */
function differs(ms: number, otherMs: number | undefined): boolean {
  return otherMs !== undefined && Math.abs(Math.log(ms / otherMs)) > Math.log(CHANGED);
}

/** Whether the last quarter of a TTL has clearly more requests than its share. */
function isRising(curve: OutboundCurve, ttlMs: number): boolean {
  const quarter = curve.requestsIn(curve.endMs - ttlMs, curve.endMs) / 4;
  return curve.requestsIn(curve.endMs - ttlMs / 4, curve.endMs) > STEADY * quarter + 2 * Math.sqrt(quarter);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

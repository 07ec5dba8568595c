import type { EstimateSettings } from "../../config/index.ts";
import type { Sample } from "../metrics/samples.ts";
import { CallsWithoutEntry } from "./calls-without-entry.ts";
import { clamp } from "./clamp.ts";
import type { Estimate } from "./estimate.ts";
import { type EstimatorState, NOTHING_KNOWN } from "./estimator-state.ts";
import { FillObserver } from "./fill-observer.ts";
import { shapeByHits } from "./fill-phase.ts";
import { grownTo } from "./growth-rule.ts";
import { GrowthSteps } from "./growth-steps.ts";
import { Handovers } from "./handovers.ts";
import { Load, MIN_DEMAND_MS } from "./load.ts";
import { lossCost, NO_LOSSES } from "./loss-cost.ts";
import { entriesByAge, lostCalls } from "./lost-calls.ts";
import { LostQuestions } from "./lost-questions.ts";
import { emptyGeneration, type ObservedGeneration, successor, withWindowsAnew } from "./observed-generation.ts";
import { TtlWitnesses } from "./ttl-witnesses.ts";

/** If all clients come back after a TTL, restarts cost less by this share: a few clients then make most requests. */
const PRIOR_NEVER = 0.6;
const PRIOR_SAVING = 0.4;

/** What an outbound call came to. Denials and failures make no entry that lives for the TTL. */
export type AnswerClass = "allowed" | "denied" | "failed";

/**
 * Estimates TTL, bytes per entry, fixed bytes, growth rule, required, surplus and baseline from samples alone.
 * Deterministic: the same samples give the same numbers. Memory is bounded. A sample costs some tens of
 * microseconds (`npm run bench:micro`).
 */
export class Estimator {
  readonly #settings: Readonly<EstimateSettings>;
  readonly #before: EstimatorState;
  readonly #steps: GrowthSteps;
  readonly #witnesses: TtlWitnesses;
  readonly #lost: LostQuestions;
  readonly #others = new CallsWithoutEntry();
  readonly #load = new Load();
  readonly #fills = new FillObserver();
  readonly #handovers = new Handovers();
  #generation: ObservedGeneration;
  /** Size of a fresh instance without entries. */
  #freshBytes = 0;
  #observedMs: number;
  #demandedCalls = 0;
  /** As of the last sample. */
  #hitShare = 0;

  constructor(settings: Readonly<EstimateSettings>, before: EstimatorState = NOTHING_KNOWN) {
    this.#settings = settings;
    this.#before = before;
    this.#observedMs = before.observedMs;
    this.#steps = new GrowthSteps(before.growthRule);
    this.#witnesses = new TtlWitnesses(settings, this.#steps, before);
    this.#lost = new LostQuestions(settings.ttlCapMs);
    this.#generation = emptyGeneration(0, 0, 0, this.#witnesses.grid);
  }

  get ttlMs(): number {
    return this.#witnesses.ttl.ms;
  }

  /** Calls before the last sample, since the one before it, that a full cache would have made. Without denials and failures. */
  get demandedCalls(): number {
    return this.#demandedCalls;
  }

  /** Calls up to the last sample that made no entry: denials and failures. */
  get otherCalls(): number {
    return this.#others.total;
  }

  /** Extra outbound calls since the last start, by age class of the lost entries. */
  get extraCalls(): readonly number[] {
    return this.#lost.extraCalls;
  }

  /** Entries that are lost if the cache is lost now, by age class. */
  get entriesByAge(): readonly number[] {
    return entriesByAge({ ...this.#generation, ttlMs: this.ttlMs });
  }

  /**
   * A fresh instance started. Keeps the results of earlier generations.
   * @param lossless it took over the live entries of the previous instance
   */
  started(number: number, startedMs: number, startBytes: number, lossless = false): void {
    const before = this.#generation;
    const isFirst = before.number === 0;
    const isEmpty = !lossless;
    if (!isFirst) {
      this.#witnesses.ended(before);
      this.#fills.ended(this.#load.steadyTime(this.ttlMs));
      if (lossless) this.#tookOver(startBytes);
    }
    if (isEmpty) this.#handovers.emptied();
    this.#lost.started(startedMs, isEmpty);
    this.#fills.started(isEmpty);
    this.#load.started(startedMs, isFirst);
    const started = emptyGeneration(number, startedMs, startBytes, this.#witnesses.grid);
    this.#generation = lossless && !isFirst ? successor(started, before) : started;
    this.#witnesses.started(this.#generation.curve.endMs, isEmpty);
    // An instance that took over entries starts larger than an empty one.
    if (isFirst || isEmpty) this.#freshBytes = startBytes;
  }

  /**
   * Takes the samples of an instance that was evicted with its object, so that calls made before the eviction count for the
   * instance with the restored entries. Call it before `started`. The growth in these samples is not learned again.
   * @param freshBytes size of a fresh instance without entries
   */
  recall(samples: readonly Readonly<Sample>[], freshBytes: number): void {
    const [first, last] = [samples[0], samples.at(-1)];
    if (first === undefined || last === undefined) return;
    const recalled = emptyGeneration(first.generation, first.timeMs, last.allocatedBytes, this.#witnesses.grid);
    this.#generation = { ...recalled, hasGrown: true };
    const { curve, windows } = this.#generation;
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
      this.#others.add();
      return;
    }
    const again = this.#lost.asked(question, askedAtMs);
    if (again === undefined) return;
    const { afterMs, livedMs, lostAfterMs } = again;
    if (lostAfterMs === undefined) {
      this.#witnesses.repeated(afterMs, livedMs);
    } else {
      const ownTtlMs = this.#witnesses.ttlOf(livedMs);
      this.#lost.add({ afterMs, lostAfterMs, ownTtlMs, ttlMs: this.ttlMs, hitShare: this.#hitShare });
    }
  }

  /** Adds a sample of the running generation. Ignores samples of other generations. */
  push(sample: Readonly<Sample>): void {
    const { number, startedMs, curve, windows } = this.#generation;
    if (sample.generation !== number) return;
    const { timeMs, allocatedBytes } = sample;
    this.#observedMs += Math.max(0, timeMs - Math.max(curve.endMs, startedMs));
    const { outbound, requests, isFlooded } = this.#others.takenFrom(sample);
    curve.push(timeMs, outbound, requests);
    windows.update(curve);
    this.#demandedCalls = Math.max(0, outbound - this.#lost.takeCalls());
    this.#load.push(timeMs, this.#demandedCalls, requests);
    if (this.#witnesses.update(timeMs, requests)) this.#ttlChanged();
    // Another one if the TTL has changed.
    const generation = this.#generation;
    this.#notice(generation, allocatedBytes - generation.allocatedBytes, isFlooded);
    this.#witnesses.updateGrowth(generation, this.#freshBytes);
    this.#fills.update(generation, this.#witnesses.ttl, this.#load.curve);
    this.#hitShare = this.#load.now(this.ttlMs).hitShare;
  }

  /** What was learned under the earlier TTL is void. */
  #ttlChanged(): void {
    const { repeatedMs, grid } = this.#witnesses;
    // Repeats have stopped: those of entries that were written before would look like a TTL in between.
    if (repeatedMs === undefined) this.#lost.forget();
    this.#handovers.forgetError();
    this.#load.ttlChanged(this.#generation.curve.endMs - (repeatedMs ?? 0));
    this.#generation = withWindowsAnew(this.#generation, grid);
  }

  #notice(generation: ObservedGeneration, grownBytes: number, isFlooded: boolean): void {
    if (!(grownBytes > 0)) return;
    const step = { fromBytes: generation.allocatedBytes, grownBytes };
    this.#steps.add(step);
    // Calls before the first growth event filled memory that the instance had from its start.
    if (generation.hasGrown && !isFlooded) this.#witnesses.grew(generation, step);
    generation.hasGrown = true;
    generation.grewAtMs = generation.curve.endMs;
    generation.allocatedBytes += grownBytes;
  }

  /** A fresh instance took over all entries. */
  #tookOver(startBytes: number): void {
    const { endMs } = this.#generation.curve;
    const { ttlMs } = this;
    const { outboundInTtl, requiredBytes } = this.estimate(endMs);
    // Denials that were handed over too would be taken for entries that the calls do not explain.
    const isFlooded = this.#others.haveFlooded(endMs, Math.max(ttlMs, MIN_DEMAND_MS));
    const isKnown = this.#witnesses.line !== undefined && !this.#witnesses.isChanging(endMs) && !isFlooded;
    const predictedBytes = isKnown ? grownTo(this.#steps.rule, this.#freshBytes, requiredBytes) : undefined;
    this.#handovers.tookOver({ callsInTtl: outboundInTtl, startBytes, predictedBytes });
  }

  /** @param presentBytes current size of the instance; by default its size at the last sample */
  estimate(nowMs: number, presentBytes?: number, losses = NO_LOSSES): Estimate {
    const { number, startedMs, emptyAtMs, curve, grewAtMs, allocatedBytes: sampledBytes } = this.#generation;
    const { ttl, line, isOpen, shorterTtlMs } = this.#witnesses;
    const { rule } = this.#steps;
    const startBytes = this.#freshBytes;
    const allocatedBytes = presentBytes ?? sampledBytes;
    const outboundInTtl = curve.callsIn(curve.endMs - ttl.ms, curve.endMs);
    const { demandCalls, hitShare, requestsPerSecond, isRising } = this.#load.now(ttl.ms, curve.endMs);
    const needed = (calls: number): number => (line ? line.fixedBytes + line.bytesPerEntry * calls : allocatedBytes);
    const requiredFor = (calls: number): number => clamp(Math.round(needed(calls)), 0, allocatedBytes);
    const requiredBytes = requiredFor(outboundInTtl);
    const requiredWithin = (ttlMs: number): number => requiredFor(curve.callsIn(curve.endMs - ttlMs, curve.endMs));
    const baselineBytes = line
      ? grownTo(rule, startBytes, needed(demandCalls + Math.sqrt(demandCalls)))
      : allocatedBytes;
    const cost = lossCost(losses, hitShare * (PRIOR_NEVER - PRIOR_SAVING * this.#lost.returning));
    return {
      generation: number,
      atMs: nowMs,
      uptimeMs: Math.max(0, nowMs - startedMs),
      filledMs: Math.max(0, nowMs - emptyAtMs),
      observedMs: this.#observedMs,
      allocatedBytes,
      requiredBytes,
      requiredRangeBytes: line && {
        from: Math.min(requiredBytes, requiredWithin(ttl.minMs)),
        to: Math.max(requiredBytes, requiredWithin(ttl.maxMs)),
      },
      surplusBytes: allocatedBytes - requiredBytes,
      handedOverBytes: clamp(grownTo(rule, startBytes, requiredBytes) + this.#handovers.errorBytes, 0, allocatedBytes),
      hasFallen: this.#handovers.haveCallsFallen(outboundInTtl),
      baselineBytes: Math.round(baselineBytes),
      startBytes,
      ttlMs: ttl.ms,
      ttlConfidence: ttl.confidence,
      secondTtlMs: shorterTtlMs,
      bytesPerEntry: line?.bytesPerEntry,
      fixedBytes: line?.fixedBytes,
      growthRule: rule,
      growsWithoutEnd: isOpen && curve.endMs - grewAtMs <= this.#settings.ttlCapMs,
      outboundInTtl,
      isRising,
      demandCalls,
      hitShare,
      requestsPerSecond,
      fill: this.#fills.shape ?? shapeByHits(hitShare),
      lostCalls: lostCalls({ curve, emptyAtMs, ttlMs: ttl.ms }, demandCalls, cost),
      lossCost: cost,
    };
  }

  /** The results to store, for use after an eviction of the object. */
  get knowledge(): EstimatorState {
    const { ttl, line } = this.#witnesses;
    return {
      observedMs: this.#observedMs,
      ttlMs: ttl.confidence === "measured" ? ttl.ms : this.#before.ttlMs,
      bytesPerEntry: line?.bytesPerEntry,
      fixedBytes: line?.fixedBytes,
      growthRule: this.#steps.rule,
    };
  }
}

import type { EstimateSettings } from "../../config/index.ts";
import { BelievedRepeats } from "./believed-repeats.ts";
import type { EstimatorState } from "./estimator-state.ts";
import type { Line } from "./growth-fit.ts";
import type { GrowthStep } from "./growth-rule.ts";
import type { GrowthSteps } from "./growth-steps.ts";
import { KnownLine } from "./known-line.ts";
import type { ObservedGeneration } from "./observed-generation.ts";
import type { Ttl } from "./ttl.ts";
import { TtlFinder } from "./ttl-finder.ts";

/** One TTL is no estimate of another if they differ by this factor. */
const CHANGED = 1.25;
/** If the true TTL equals the cap, the estimate may be a little above it. */
const CAP_TOLERANCE = 1.1;

/**
 * The TTL and the line by two witnesses. Repeated questions go before growth (docs/model.md, points 3 and 4). When the TTL
 * changes, growth is observed anew.
 */
export class TtlWitnesses {
  readonly #settings: Readonly<EstimateSettings>;
  readonly #steps: GrowthSteps;
  readonly #known: KnownLine;
  readonly #repeats = new BelievedRepeats();
  #growth: TtlFinder;
  /** The TTL by repeats at the last sample. */
  #repeatMs: number | undefined;
  #hasChanged = false;
  /** Growth before this time says nothing about the present TTL. */
  #growthFromMs = Number.NEGATIVE_INFINITY;

  constructor(settings: Readonly<EstimateSettings>, steps: GrowthSteps, before: EstimatorState) {
    this.#settings = settings;
    this.#steps = steps;
    this.#known = new KnownLine(before);
    this.#growth = new TtlFinder(settings, steps, before.ttlMs);
  }

  /** The candidate TTLs, in ms. */
  get grid(): Float64Array {
    return this.#growth.grid;
  }

  /** Memory grows, or has grown, more than any TTL up to the cap explains. */
  get isOpen(): boolean {
    return this.#growth.isOpen;
  }

  /** By repeats, else by growth. Of two TTLs, the longer. */
  get ttl(): Ttl {
    const ms = this.#repeats.ttlMs(this.#growth.ttl);
    if (ms === undefined) return this.#growth.ttl;
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

  /** The TTL by repeats, as of the last sample. Undefined if they show none. */
  get repeatedMs(): number | undefined {
    return this.#repeatMs;
  }

  /** The shorter one of two TTLs, as of the last sample. Undefined if there is one. */
  get shorterTtlMs(): number | undefined {
    return this.#repeats.shorterTtlMs;
  }

  /** The TTL of a question. @param livedMs its answers live no longer than this, if that is known */
  ttlOf(livedMs: number | undefined): number {
    const { ms } = this.ttl;
    return livedMs !== undefined && livedMs < ms ? Math.min(ms, this.#repeats.shortestMs ?? ms) : ms;
  }

  /** Bytes per entry and fixed bytes; undefined while unknown. */
  get line(): Line | undefined {
    const isSure = this.ttl.confidence === "measured";
    return this.#known.or({ line: this.#growth.line(this.#repeatMs), events: this.#growth.events, isSure });
  }

  /** The TTL changed not long ago: some calls of the last new TTL were for entries that have expired by the old one. */
  isChanging(nowMs: number): boolean {
    return !(nowMs >= this.#growthFromMs);
  }

  /** An instance started. @param isEmpty the cache was lost */
  started(nowMs: number, isEmpty: boolean): void {
    this.#repeats.started(nowMs, isEmpty);
  }

  /** A generation ended. */
  ended(generation: ObservedGeneration): void {
    this.#growth.ended(generation);
  }

  /** A question was asked again whose answer had expired, see `RepeatTtl`. */
  repeated(afterMs: number, beforeMs: number | undefined): void {
    this.#repeats.repeated(afterMs, beforeMs);
  }

  /**
   * Call at each sample, before `grew`. Compares the repeats with what was known before.
   * @param requests since the last sample
   * @returns whether the TTL has changed
   */
  update(timeMs: number, requests: number): boolean {
    this.#repeats.update(timeMs, requests, this.#growth.ttl);
    if (this.#repeats.isConfirmed && this.ttl.confidence === "measured") this.#known.confirmed(this.line);
    const before = this.#repeatMs;
    this.#repeatMs = this.#repeats.ttlMs(this.#growth.ttl);
    if (!this.#isChange(before, this.#repeatMs)) return false;
    this.#hasChanged = true;
    this.#known.ttlChanged();
    this.#growth = new TtlFinder(this.#settings, this.#steps, undefined);
    // The calls of the last new TTL include some whose entries have expired by the old one.
    this.#growthFromMs = this.#repeats.nowMs + (this.#repeatMs ?? 0);
    return true;
  }

  /** A growth event, other than the first of its generation. */
  grew(generation: ObservedGeneration, step: GrowthStep): void {
    if (!this.isChanging(generation.curve.endMs)) this.#growth.grew(generation, step);
  }

  /** Call at each sample, after `grew`. @param freshBytes size of a fresh instance without entries */
  updateGrowth(generation: ObservedGeneration, freshBytes: number): void {
    this.#growth.update(generation, freshBytes);
  }

  /** Whether the TTL by repeats is another one than before. The first one is, if growth has shown another. */
  #isChange(beforeMs: number | undefined, ms: number | undefined): boolean {
    if (ms === undefined) return beforeMs !== undefined;
    if (beforeMs !== undefined) return differ(ms, beforeMs);
    const grown = this.#growth.ttl;
    return this.#hasChanged || (grown.confidence === "measured" && differ(ms, grown.ms));
  }
}

function differ(ms: number, otherMs: number): boolean {
  return Math.abs(Math.log(ms / otherMs)) > Math.log(CHANGED);
}

import type { EstimateSettings } from "../../config/index.ts";
import { EndlessGrowth } from "./endless-growth.ts";
import { type FitVerdict, GrowthFit, type Line } from "./growth-fit.ts";
import { type GrowthStep, stepsIn } from "./growth-rule.ts";
import type { GrowthSteps } from "./growth-steps.ts";
import type { ObservedGeneration } from "./observed-generation.ts";
import { candidateFor, type Ttl, ttlFrom } from "./ttl.ts";
import { CANDIDATES, ttlGrid } from "./ttl-grid.ts";

/** Minimum events for a line. The fit omits the first of each generation, so three growth events are needed. */
const MIN_EVENTS = 2;
/** A TTL is measured once this many samples in a row agree on it, within a tenth. */
const MIN_AGREEMENTS = 3;
const AGREEMENT = 0.1;

/** Finds the TTL and the bytes per entry from growth events and periods without growth. */
export class TtlFinder {
  readonly grid: Float64Array;
  readonly #settings: Readonly<EstimateSettings>;
  readonly #steps: GrowthSteps;
  readonly #fit = new GrowthFit();
  /** Only events while the cache filled. Gives the bytes per entry if no TTL explains the growth. */
  readonly #filling = new GrowthFit();
  readonly #endless = new EndlessGrowth();
  readonly #knownMs: number | undefined;
  #longestAgeMs = 0;
  #fitted: FitVerdict | undefined;
  #isEndless = false;
  #ttl: Ttl;
  /** Samples in a row that measured the same TTL. */
  #agreements = 0;

  /** @param knownMs the TTL that was measured before an eviction, if any */
  constructor(settings: Readonly<EstimateSettings>, steps: GrowthSteps, knownMs: number | undefined) {
    this.#settings = settings;
    this.#steps = steps;
    this.#knownMs = knownMs === undefined ? undefined : Math.min(knownMs, settings.ttlCapMs);
    this.grid = ttlGrid(settings.sampleIntervalMs, settings.ttlCapMs);
    this.#ttl = this.#orKnown(this.#seen(0));
  }

  get ttl(): Ttl {
    return this.#ttl;
  }

  /** Index of the candidate nearest to the TTL. */
  get candidate(): number {
    return candidateFor(this.#ttl.ms, this.grid);
  }

  /** Memory grows, or has grown, more than any TTL up to the cap explains. */
  get isOpen(): boolean {
    return this.#ttl.beyondCap || this.#isEndless;
  }

  /** Number of growth events in the fit, faded ones in part. */
  get events(): number {
    return this.#fit.events;
  }

  /**
   * The fit for a TTL. If no TTL explains the growth, the fit of the events while the cache filled, if there is one.
   * @param knownMs the TTL by another witness, if there is one
   */
  line(knownMs?: number): Line | undefined {
    if (!this.isOpen) {
      return lineOf(this.#fit, knownMs === undefined ? this.candidate : candidateFor(knownMs, this.grid));
    }
    return lineOf(this.#filling, CANDIDATES - 1) ?? lineOf(this.#fit, this.#likeliest);
  }

  /** An instance ended. */
  ended({ windows, allocatedBytes }: ObservedGeneration): void {
    this.#fit.ended(windows, allocatedBytes);
  }

  /** A growth event, other than the first of its generation. */
  grew({ windows, curve, emptyAtMs }: ObservedGeneration, step: GrowthStep): void {
    const steps = stepsIn(this.#steps.rule, step);
    this.#fit.grew(windows, step.fromBytes, steps);
    if (curve.endMs - emptyAtMs <= this.#settings.ttlCapMs) this.#filling.grew(windows, step.fromBytes, steps);
    else this.#endless.grew(step, windows, this.#fitted?.weights);
  }

  /** Call after each sample. @param freshBytes size of a fresh instance without entries */
  update({ curve, emptyAtMs, windows, allocatedBytes }: ObservedGeneration, freshBytes: number): void {
    this.#longestAgeMs = Math.max(this.#longestAgeMs, curve.endMs - emptyAtMs);
    this.#fitted = this.#fit.verdict({ windows, startBytes: freshBytes, allocatedBytes });
    this.#isEndless = this.#endless.isSeen(allocatedBytes);
    const seen = this.#seen(this.#steps.errorBytes(allocatedBytes));
    this.#ttl = seen.confidence === "measured" ? this.#agreed(seen) : this.#orKnown(seen);
  }

  #seen(errorBytes: number): Ttl {
    return ttlFrom(this.#fitted, this.grid, {
      longestAgeMs: this.#longestAgeMs,
      capMs: this.#settings.ttlCapMs,
      defaultMs: this.#settings.ttlDefaultMs,
      errorBytes: this.#isEndless ? 0 : errorBytes,
    });
  }

  /** Waits until several samples agree: one alone may mislead. */
  #agreed(seen: Ttl): Ttl {
    const agrees = Math.abs(Math.log(seen.ms / this.#ttl.ms)) <= AGREEMENT;
    this.#agreements = agrees ? this.#agreements + 1 : 1;
    return this.#agreements >= MIN_AGREEMENTS ? seen : { ...seen, confidence: "bounded" };
  }

  /** The TTL if the fit does not decide: the one known before, if any. */
  #orKnown(seen: Ttl): Ttl {
    this.#agreements = 0;
    if (this.#knownMs !== undefined) return { ...seen, ms: this.#knownMs, confidence: "measured", beyondCap: false };
    return seen;
  }

  get #likeliest(): number {
    const weights = this.#fitted?.weights;
    return weights === undefined ? CANDIDATES - 1 : weights.indexOf(Math.max(...weights));
  }
}

function lineOf(fit: GrowthFit, candidate: number): Line | undefined {
  return fit.events >= MIN_EVENTS ? fit.line(candidate) : undefined;
}

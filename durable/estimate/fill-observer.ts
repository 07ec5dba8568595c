import { FillPhases, type FillShape } from "./fill-phase.ts";
import { STEADY, type TimeSpan } from "./load.ts";
import type { ObservedGeneration } from "./observed-generation.ts";
import type { OutboundCurve } from "./outbound-curve.ts";
import type { Ttl } from "./ttl.ts";

/** Watches caches fill, and learns the shape from those that filled for one TTL under a steady load. */
export class FillObserver {
  readonly #fills = new FillPhases();
  /** Whether the running generation began empty and has not filled for one TTL yet. */
  #isFilling = true;
  /** When the cache before this one was full, under the load that it ended with. */
  #fullBefore: TimeSpan | undefined;

  /** The shape that was observed; undefined before the first fill. */
  get shape(): FillShape | undefined {
    return this.#fills.shape;
  }

  /** A generation ended. @param full when its cache was full, under the load that it ended with */
  ended(full: TimeSpan): void {
    this.#fullBefore = full;
  }

  /** A generation started. @param isEmpty with an empty cache */
  started(isEmpty: boolean): void {
    this.#isFilling = isEmpty;
  }

  /** Call at each sample. @param demand calls of a full cache, and requests, over all generations */
  update({ curve, emptyAtMs }: ObservedGeneration, { ms, confidence }: Ttl, demand: OutboundCurve): void {
    if (!this.#isFilling || confidence !== "measured") return;
    const filledAtMs = emptyAtMs + ms;
    // Of the first cache, only the time after its fill tells what a full one asks.
    const full = this.#fullBefore ?? { fromMs: filledAtMs, toMs: filledAtMs + ms };
    if (curve.endMs < Math.max(filledAtMs, full.toMs)) return;
    this.#isFilling = false;
    const perMs = (fromMs: number, toMs: number): number => demand.requestsIn(fromMs, toMs) / (toMs - fromMs);
    const load = perMs(emptyAtMs, filledAtMs) / perMs(full.fromMs, full.toMs);
    if (!(load < STEADY && load > 1 / STEADY)) return;
    const demandCalls = (demand.callsIn(full.fromMs, full.toMs) * ms) / (full.toMs - full.fromMs);
    this.#fills.filled(curve, emptyAtMs, ms, load * demandCalls);
  }
}

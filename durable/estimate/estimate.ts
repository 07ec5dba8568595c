import type { FillShape } from "./fill-phase.ts";
import type { GrowthRule } from "./growth-rule.ts";
import type { LossCost } from "./loss-cost.ts";
import type { Confidence } from "./ttl.ts";

/** In bytes. */
export interface SizeRange {
  readonly from: number;
  readonly to: number;
}

/** The memory that one generation holds and needs at one moment, in the terms of docs/model.md. */
export interface Estimate {
  readonly generation: number;
  readonly atMs: number;
  /** Since the instance started. */
  readonly uptimeMs: number;
  /** Since the cache was last empty. Longer than the uptime if the instance took over entries. */
  readonly filledMs: number;
  /** Time that this service has been observed, over all generations. */
  readonly observedMs: number;
  readonly allocatedBytes: number;
  /** Always from 0 to `allocatedBytes`; equals `allocatedBytes` while nothing is known. */
  readonly requiredBytes: number;
  /** Between these the required memory most likely lies, as the TTL does; undefined before three growth events. */
  readonly requiredRangeBytes: SizeRange | undefined;
  /** allocated - required. */
  readonly surplusBytes: number;
  /** Size of a fresh instance that takes over the live entries. */
  readonly handedOverBytes: number;
  /** Clearly fewer calls than when the running instance took over its entries. False if it did not. */
  readonly hasFallen: boolean;
  /** The size to which a fresh instance would grow back under today's load. */
  readonly baselineBytes: number;
  /** Size of a fresh instance without entries. */
  readonly startBytes: number;
  readonly ttlMs: number;
  readonly ttlConfidence: Confidence;
  /** A shorter TTL that other entries have; undefined if all seem to have one. */
  readonly secondTtlMs: number | undefined;
  /** k and b0; undefined before three growth events. */
  readonly bytesPerEntry: number | undefined;
  readonly fixedBytes: number | undefined;
  /** Undefined before three growth events. */
  readonly growthRule: GrowthRule | undefined;
  /** Memory keeps growing although no believable TTL explains it: a leak, or lazy expiry. */
  readonly growsWithoutEnd: boolean;
  /** N_T: outbound calls of the last TTL. */
  readonly outboundInTtl: number;
  /** Requests come clearly faster than over the last TTL. */
  readonly isRising: boolean;
  /** N_T of a full cache under today's load, averaged over as long as the load was steady. */
  readonly demandCalls: number;
  /** Share of requests that need no outbound call while the cache is full. */
  readonly hitShare: number;
  /** Requests a second while the demand was counted. */
  readonly requestsPerSecond: number;
  /** How an empty cache fills. */
  readonly fill: FillShape;
  readonly lossCost: LossCost;
  /** Expected extra outbound calls if the cache is lost now, and at each step of the next TTL; see lost-calls.ts. */
  readonly lostCalls: readonly number[];
}

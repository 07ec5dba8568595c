import type { GrowthRule } from "./growth-rule.ts";
import type { Confidence } from "./ttl.ts";

/** What one generation holds and needs at one moment, in the terms of docs/model.md. */
export interface Estimate {
  readonly generation: number;
  readonly atMs: number;
  /** Since the instance started. */
  readonly uptimeMs: number;
  /** Since the cache was last empty: longer than the uptime where entries were handed over. */
  readonly filledMs: number;
  /** How long this service has been observed, all generations together. */
  readonly observedMs: number;
  readonly allocatedBytes: number;
  /** Always from 0 to `allocatedBytes`; all of it while nothing is known. */
  readonly requiredBytes: number;
  /** allocated - required. */
  readonly surplusBytes: number;
  /** What a fresh instance would grow back to under today's load. */
  readonly baselineBytes: number;
  /** What an instance without entries starts with. */
  readonly startBytes: number;
  readonly ttlMs: number;
  readonly ttlConfidence: Confidence;
  /** k and b0; undefined before three growth events. */
  readonly bytesPerEntry: number | undefined;
  readonly fixedBytes: number | undefined;
  /** Undefined before three growth events. */
  readonly growthRule: GrowthRule | undefined;
  /** Memory goes on growing although no more calls are made in the longest TTL believed: a leak, or lazy expiry. */
  readonly growsWithoutEnd: boolean;
  /** N_T: outbound calls of the last TTL. */
  readonly outboundInTtl: number;
  /** M_T: the greatest N_T of this generation. */
  readonly maxOutboundInTtl: number;
  /** N_T under today's load, with chance evened out as far as the load was steady. */
  readonly demandCalls: number;
  /** Share of requests that needed no outbound call, in the last TTL. */
  readonly hitShare: number;
  /** Extra outbound calls that a restart now would cost, see price.ts. */
  readonly lostCalls: number;
  /** Requests a second, in the last TTL. */
  readonly requestsPerSecond: number;
}

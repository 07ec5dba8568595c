import type { GrowthRule } from "./growth-rule.ts";
import type { Confidence } from "./ttl.ts";

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
  /** allocated - required. */
  readonly surplusBytes: number;
  /** The size to which a fresh instance would grow back under today's load. */
  readonly baselineBytes: number;
  /** Size of a fresh instance without entries. */
  readonly startBytes: number;
  readonly ttlMs: number;
  readonly ttlConfidence: Confidence;
  /** k and b0; undefined before three growth events. */
  readonly bytesPerEntry: number | undefined;
  readonly fixedBytes: number | undefined;
  /** Undefined before three growth events. */
  readonly growthRule: GrowthRule | undefined;
  /** Memory keeps growing although no believable TTL explains it: a leak, or lazy expiry. */
  readonly growsWithoutEnd: boolean;
  /** N_T: outbound calls of the last TTL. */
  readonly outboundInTtl: number;
  /** M_T: the greatest N_T of this generation. */
  readonly maxOutboundInTtl: number;
  /** N_T under today's load, averaged over as long as the load was steady. */
  readonly demandCalls: number;
  /** Share of requests that needed no outbound call, in the last TTL. */
  readonly hitShare: number;
  /** Extra outbound calls if the cache were lost now, see lost-calls.ts. */
  readonly lostCalls: number;
  /** Requests a second, in the last TTL. */
  readonly requestsPerSecond: number;
}

import type { Estimate } from "../estimate/estimate.ts";

/** The platform's limit on outbound calls of one object that wait for their response headers. */
const CONNECTIONS = 6;
/** Maximum factor for busy connections: memory may make the restart necessary all the same. */
const MAX_QUEUEING = 20;

/**
 * Factor on the price of a restart for the load on the connections while the cache is empty: the waiting time of a queue,
 * 1 / (1 - utilisation).
 *
 * @param callMs mean duration of an outbound call; 0 while unknown
 */
export function queueingFactor({ requestsPerSecond }: Pick<Estimate, "requestsPerSecond">, callMs: number): number {
  const utilisation = (requestsPerSecond * callMs) / 1_000 / CONNECTIONS;
  return utilisation < 1 ? Math.min(1 / (1 - utilisation), MAX_QUEUEING) : MAX_QUEUEING;
}

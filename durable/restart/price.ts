import type { Estimate } from "../estimate/estimate.ts";
import type { CallLoad } from "../outbound/call-load.ts";

/** Maximum factor for busy connections: memory may make the restart necessary all the same. */
const MAX_QUEUEING = 20;

/**
 * Factor on the price of a restart for the load on the places of calls while the cache is empty: the waiting time of a queue,
 * 1 / (1 - utilisation).
 */
export function queueingFactor(
  { requestsPerSecond }: Pick<Estimate, "requestsPerSecond">,
  { meanMs, concurrency }: CallLoad,
): number {
  const utilisation = (requestsPerSecond * meanMs) / 1_000 / concurrency;
  return utilisation < 1 ? Math.min(1 / (1 - utilisation), MAX_QUEUEING) : MAX_QUEUEING;
}

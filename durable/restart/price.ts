import type { Estimate } from "../estimate/estimate.ts";

/** The platform's limit on outbound calls of one object that wait for their response headers. */
const CONNECTIONS = 6;
/** Price of a handover as a share of the calls it saves: some entries no longer fit, and it takes time. */
const HANDOVER_SHARE = 0.01;
/** Maximum factor for busy connections: memory may make the restart necessary all the same. */
const MAX_QUEUEING = 20;

/**
 * Expected price of a restart now, in outbound calls: the calls that fetch lost entries again, times a factor for the load
 * on the connections while the cache is empty (the waiting time of a queue, 1 / (1 - utilisation)).
 *
 * @param handover the filter hands its live entries to the next generation
 * @param callMs mean duration of an outbound call; 0 while unknown
 */
export function restartPrice(
  estimate: Pick<Estimate, "lostCalls" | "requestsPerSecond">,
  handover: boolean,
  callMs: number,
): number {
  if (handover) return HANDOVER_SHARE * estimate.lostCalls;
  const utilisation = (estimate.requestsPerSecond * callMs) / 1_000 / CONNECTIONS;
  const queueing = utilisation < 1 ? Math.min(1 / (1 - utilisation), MAX_QUEUEING) : MAX_QUEUEING;
  return estimate.lostCalls * queueing;
}

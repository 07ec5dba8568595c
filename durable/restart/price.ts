import type { Estimate } from "../estimate/estimate.ts";

/** The platform lets so many outbound calls of one object wait for their headers at once. */
const CONNECTIONS = 6;
/** What a handover costs of what it saves: entries that no longer fit, and the time it takes. */
const HANDOVER_SHARE = 0.01;
/** A restart that would keep all connections busy is dearer by this much, and no more: memory may need it all the same. */
const MAX_QUEUEING = 20;

/**
 * What a restart now costs, in outbound calls: those that fetch again what was lost, made dearer by how busy they keep the
 * connections while the cache is empty (by the waiting time of a queue, 1 / (1 - utilisation)).
 *
 * @param handover the filter hands its live entries to the next generation
 * @param callMs how long an outbound call takes, in the mean; 0 while unknown
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

import type { GuestCallKind, GuestCalls } from "./guests/guest-calls.ts";

/**
 * A call into a filter that takes longer is taken for a loop without end. Honest calls take microseconds, a start at most a
 * second, and a Worker gets 30 s of CPU for a request by default.
 */
const MAX_CALL_MS = 20_000;
/** Number of looks at the counter in that time. */
const LOOKS = 20;

/**
 * Watches the calls of another thread. Only time within one call counts: a thread may compute outside of calls for as long as
 * it likes. The watchdog counts its own looks and not the time, so a machine that sleeps or swaps does not look like a loop.
 *
 * @param onLoop called once if a call does not return
 * @returns ends the watch
 */
export function watchCalls(
  calls: GuestCalls,
  onLoop: (kind: GuestCallKind, afterMs: number) => void,
  maxCallMs = MAX_CALL_MS,
): () => void {
  let count: number | undefined;
  let looks = 0;
  const timer = setInterval(() => {
    const { running } = calls;
    looks = running !== undefined && running.count === count ? looks + 1 : 0;
    count = running?.count;
    if (running === undefined || looks < LOOKS) return;
    clearInterval(timer);
    onLoop(running.kind, maxCallMs);
  }, maxCallMs / LOOKS);
  return () => clearInterval(timer);
}

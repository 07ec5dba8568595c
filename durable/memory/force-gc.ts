/** V8 refuses this reservation only after a full collection. It grants 2^45 and refuses 2^53 at once. */
const UNGRANTABLE_BYTES = 2 ** 48;

/**
 * Makes V8 collect all garbage, in the only way open to a Worker (10-55 ms on workerd; docs/RATIONALE.md). If the runtime
 * grants the reservation, nothing is collected, and the empty buffer is dropped at once.
 */
export function forceGarbageCollection(): void {
  try {
    new ArrayBuffer(0, { maxByteLength: UNGRANTABLE_BYTES });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}

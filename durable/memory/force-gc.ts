/** V8 refuses this reservation only after a full collection; 2^45 it grants, 2^53 it refuses at once. */
const UNGRANTABLE_BYTES = 2 ** 48;

/**
 * Makes V8 collect all garbage, in the one way that a Worker has (10-55 ms on workerd; docs/RATIONALE.md). A runtime that
 * grants the reservation collects nothing; the buffer is empty and dropped at once.
 */
export function forceGarbageCollection(): void {
  try {
    new ArrayBuffer(0, { maxByteLength: UNGRANTABLE_BYTES });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}

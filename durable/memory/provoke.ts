/** V8 refuses this reservation only after a full collection; 2^45 it grants, 2^53 it refuses at once. */
const UNGRANTABLE_BYTES = 2 ** 48;

/**
 * Has V8 collect all garbage: the one way a Worker has (10-55 ms on workerd; RATIONALE.md). Where a runtime grants the
 * reservation nothing was collected; the buffer is empty and is let go of at once.
 */
export function provokeCollection(): void {
  try {
    new ArrayBuffer(0, { maxByteLength: UNGRANTABLE_BYTES });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}

/** Input of the paper's estimate besides the samples: facts that a full ring buffer or an eviction would lose. */

/** The running generation. */
export interface CurrentGeneration {
  /** Rises with every instance started for the object, and marks the instance's samples in the buffer. */
  number: number;
  startedMs: number;
  /** Size before the first request, taken for b0 of docs/model.md. Includes entries that were handed over or restored. */
  startAllocatedBytes: number;
  /** Time collected by the evicted instances before this one; it counts for this one too. */
  collectedBeforeMs: number;
  /** Time collected so far, including `collectedBeforeMs`. Never falls, even if the clock is set back. */
  collectedMs: number;
  /** Size when the collection ended; undefined before that, and if no time was left to collect at the start. */
  heldAfterCollectingBytes: number | undefined;
  /** The TTL measured in this generation. Kept because the samples that show it are overwritten first. */
  ttlMs: number | undefined;
  /** The maximum number of outbound calls within one TTL, and the TTL it was counted for. */
  peak: { ttlMs: number; outbound: number } | undefined;
}

export interface History {
  /** Undefined until the first instance runs. */
  readonly current: CurrentGeneration | undefined;
  /** Sizes of earlier generations when their collection ended, oldest first. */
  readonly heldAfterCollectingBytes: readonly number[];
  /** The last TTL that any generation measured. */
  readonly lastTtlMs: number | undefined;
}

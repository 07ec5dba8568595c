/** What the estimator is told beside the samples: facts that a full ring buffer or an eviction would lose. */

/** One life of the instance, while it runs. */
export interface CurrentGeneration {
  /** Counts up with every instance started for the object, so it also tells apart samples in the buffer. */
  number: number;
  startedMs: number;
  /** b0 of docs/model.md: what the instance held once it was configured and before its first request. */
  startAllocatedBytes: number;
  /** Collected by an instance that eviction took away; it counts towards the collection of this one. */
  collectedBeforeMs: number;
  /** Collected so far, including `collectedBeforeMs`. Never falls, also when the clock does. */
  collectedMs: number;
  /** What it held when its collection ended; undefined until then, and if it began with nothing left to collect. */
  heldAfterCollectingBytes: number | undefined;
  /** The TTL measured in this generation; kept because the samples that show it are the first to be overwritten. */
  ttlMs: number | undefined;
  /** The greatest number of outbound calls seen within one TTL, and the TTL it was counted for. */
  peak: { ttlMs: number; outbound: number } | undefined;
}

export interface History {
  /** Undefined until the first instance runs. */
  readonly current: CurrentGeneration | undefined;
  /** What earlier generations held when their collection ended, oldest first. */
  readonly heldAfterCollectingBytes: readonly number[];
  /** The last TTL that any generation measured. */
  readonly lastTtlMs: number | undefined;
}

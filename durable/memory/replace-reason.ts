/** Why an instance that has not trapped must be replaced. */
export type ReplaceReason = "grew_beyond_cap" | "growth_failed";

export interface MemoryReading {
  readonly startBytes: number;
  readonly allocatedBytes: number;
  /** Size limit of the service's instances. */
  readonly capBytes: number;
  /** The last allocation for the host that the guest refused; 0 if none. */
  readonly refusedBytes: number;
}

/**
 * Judges an instance by its memory after a call, because the host cannot stop a `memory.grow` inside one. A refused allocation
 * alone is no reason: allocators refuse oversized requests, and no client may cause restarts. But if the allocation would also
 * exceed the cap, the guest has run out of memory, and its behavior from now on is untested.
 */
export function replaceReason({
  startBytes,
  allocatedBytes,
  capBytes,
  refusedBytes,
}: MemoryReading): ReplaceReason | undefined {
  // An instance that starts above its cap would be replaced forever.
  const grown = allocatedBytes > startBytes;
  if (grown && allocatedBytes > capBytes) return "grew_beyond_cap";
  if (grown && refusedBytes > 0 && allocatedBytes + refusedBytes > capBytes) return "growth_failed";
  return undefined;
}

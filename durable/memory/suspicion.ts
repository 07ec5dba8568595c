/** Why an instance is not trusted with further requests although it has not trapped. */
export type Suspicion = "grew_beyond_cap" | "growth_failed";

export interface MemoryReading {
  readonly startBytes: number;
  readonly allocatedBytes: number;
  /** What the service's instances may grow to. */
  readonly capBytes: number;
  /** The last allocation for the host that the guest refused; 0 if none. */
  readonly refusedBytes: number;
}

/**
 * Judges an instance by its memory after a call; the host cannot stop a `memory.grow` inside one. A refused allocation
 * alone says nothing: allocators refuse what a client sends too large, and no client may cause restarts. Where there is no
 * room left below the cap either, the guest has run out of memory, and what it does from now on nobody has tested.
 */
export function suspicion({
  startBytes,
  allocatedBytes,
  capBytes,
  refusedBytes,
}: MemoryReading): Suspicion | undefined {
  // One that begins above its cap would be replaced for ever.
  const grown = allocatedBytes > startBytes;
  if (grown && allocatedBytes > capBytes) return "grew_beyond_cap";
  if (grown && refusedBytes > 0 && allocatedBytes + refusedBytes > capBytes) return "growth_failed";
  return undefined;
}

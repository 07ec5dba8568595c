/** Memory of a guest whose entries all have the same size, so that only their number matters. */
export interface GuestMemory {
  /** In use independently of the cache. */
  readonly fixedBytes: number;
  /** In use by each entry. */
  readonly bytesPerEntry: number;
  /** Linear memory of an instance that has held at most this many entries at once; 0 for a fresh one. */
  allocatedFor(peakEntries: number): number;
}

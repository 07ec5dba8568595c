/** Memory of a guest all of whose entries are of one size: what a number of them needs, whichever they are. */
export interface GuestMemory {
  /** In use whatever is cached. */
  readonly fixedBytes: number;
  /** In use by one entry. */
  readonly bytesPerEntry: number;
  /** Linear memory of an instance that has held so many entries at once, and never more; 0: a fresh one. */
  allocatedFor(peakEntries: number): number;
}

import type { SharedData } from "../../wasm/host/index.ts";

/** Limit for stored shared data; the newest is kept. Storage takes values of up to 2 MB and writes the whole value each time. */
export const MAX_STORED_SHARED_DATA_BYTES = 1_024 * 1_024;

/** Stored form of a filter's shared data. */
export interface StoredSharedData {
  v: 1;
  configVersion: string;
  snapshot: Uint8Array;
}

export function storedSharedData(sharedData: SharedData, configVersion: string): StoredSharedData {
  return { v: 1, configVersion, snapshot: sharedData.snapshot(MAX_STORED_SHARED_DATA_BYTES) };
}

/**
 * Restores data stored by this version or another. Never throws. Skips data of another configuration: a filter may have derived
 * it from that configuration (such as keys of an issuer that is no longer trusted) and cannot delete it.
 * @returns whether any data was restored
 */
export function restoreSharedData(stored: unknown, configVersion: string, into: SharedData): boolean {
  if (typeof stored !== "object" || stored === null) return false;
  const { v, configVersion: setUnder, snapshot } = stored as Partial<Record<keyof StoredSharedData, unknown>>;
  if (v !== 1 || setUnder !== configVersion || !(snapshot instanceof Uint8Array)) return false;
  // We never write a larger snapshot; reading no more than that limits the work.
  return snapshot.length <= MAX_STORED_SHARED_DATA_BYTES && into.restore(snapshot);
}

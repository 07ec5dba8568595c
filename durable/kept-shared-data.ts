import type { SharedData } from "../wasm/host/index.ts";

/** Of the newest shared data; the storage takes values of up to 2 MB, and every write writes all of it. */
export const KEPT_SHARED_DATA_BYTES = 1_024 * 1_024;

/** Shared data of a service's filter as it is stored. */
export interface StoredSharedData {
  v: 1;
  configVersion: string;
  snapshot: Uint8Array;
}

export function storedSharedData(sharedData: SharedData, configVersion: string): StoredSharedData {
  return { v: 1, configVersion, snapshot: sharedData.snapshot(KEPT_SHARED_DATA_BYTES) };
}

/**
 * Takes in what was stored, by this version or another. Never throws. What was set under another configuration stays out:
 * a filter derives it from its configuration, such as keys of an issuer that is no longer trusted, and has no way to
 * delete it.
 * @returns whether it can be of use
 */
export function restoreSharedData(stored: unknown, configVersion: string, into: SharedData): boolean {
  if (typeof stored !== "object" || stored === null) return false;
  const { v, configVersion: setUnder, snapshot } = stored as Partial<Record<keyof StoredSharedData, unknown>>;
  if (v !== 1 || setUnder !== configVersion || !(snapshot instanceof Uint8Array)) return false;
  // A larger one was not written by us; reading no more than we write bounds the work it can cause.
  return snapshot.length <= KEPT_SHARED_DATA_BYTES && into.restore(snapshot);
}

import type { Workload } from "./workload.ts";

/** The greatest number of entries alive at once if no entry is dropped before it expires, without those of strangers. */
export function peakEntries({ timesMs, keys, keyCount, deniedFrom = keyCount }: Workload, ttlMs: number): number {
  const expiresMs = new Float64Array(keyCount).fill(Number.NEGATIVE_INFINITY);
  const expiries = new Float64Array(keys.length);
  let writes = 0;
  let expired = 0;
  let peak = 0;
  for (let index = 0; index < keys.length; index += 1) {
    const nowMs = timesMs[index]!;
    if (keys[index]! >= deniedFrom) continue;
    if (expiresMs[keys[index]!]! > nowMs) continue;
    while (expired < writes && expiries[expired]! <= nowMs) expired += 1;
    expiresMs[keys[index]!] = nowMs + ttlMs;
    expiries[writes] = nowMs + ttlMs;
    writes += 1;
    peak = Math.max(peak, writes - expired);
  }
  return peak;
}

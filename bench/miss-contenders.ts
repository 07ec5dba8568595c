/** What misses are measured against: objects that do no more than fetch, or not even that. */
export const MISS_CONTENDERS = ["no fetch", "fetch", "fetch with signal, timer and listener", "ebb"] as const;
export type MissContender = (typeof MISS_CONTENDERS)[number];

/** The gateway (`ebb`), and the objects it is compared with, which fetch or do not even fetch. */
export const MISS_CONTENDERS = ["no fetch", "fetch", "fetch with signal, timer and listener", "ebb"] as const;
export type MissContender = (typeof MISS_CONTENDERS)[number];

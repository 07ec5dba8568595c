/** `asking`: an object that asks for each request and keeps nothing. */
export const MEMORY_CONTENDERS = ["noop", "asking", "byHand", "cached"] as const;
export type MemoryContender = (typeof MEMORY_CONTENDERS)[number];

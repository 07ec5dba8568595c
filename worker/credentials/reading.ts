/** Tells apart a credential that cannot be read from one that is not there. */
export const UNREADABLE = Symbol("unreadable");

/** What is in one place of a request. */
export type Read = string | undefined | typeof UNREADABLE;

/**
 * A host function for the guest. Guests pass i32 as number, i64 as bigint. A function that guests may declare with any
 * result type returns a string: the engine converts it to a number or a bigint, but cannot convert between these two.
 */
export type HostFunction = (...args: never[]) => number | string;

/** A group of host functions, by import name. */
export type HostFunctions = Readonly<Record<string, HostFunction>>;

/**
 * A function the host offers to the guest. Guests pass i32 as number, i64 as bigint. A text is for what a guest may have
 * declared with any result: the engine makes a number of it or a bigint, while neither of these can become the other.
 */
export type HostFunction = (...args: never[]) => number | string;

/** A family of host functions by the names under which guests import them. */
export type HostFunctions = Readonly<Record<string, HostFunction>>;

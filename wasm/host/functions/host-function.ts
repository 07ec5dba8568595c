/** A function the host offers to the guest. Guests pass i32 as number, i64 as bigint. */
export type HostFunction = (...args: never[]) => number;

/** A family of host functions by the names under which guests import them. */
export type HostFunctions = Readonly<Record<string, HostFunction>>;

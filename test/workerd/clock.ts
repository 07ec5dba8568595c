/** Virtual time of the gateway under test, milliseconds since 1970. */
export const clock = { nowMs: Date.UTC(2026, 0, 1) };

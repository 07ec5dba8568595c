/** How long one object lets a filter take. Tests shorten what they would otherwise have to wait for. */
export interface TimeLimits {
  /**
   * How long the filter may keep one stage of a request waiting. It covers two calls in a row at the longest timeout a
   * cluster can have (60 s), and waiting for a place; whatever waits longer would wait for ever.
   */
  readonly pausedMs: number;
  /**
   * How long a replaced instance may go on with bodies that stream through it. Its memory is held until then: a client
   * that reads slowly must not keep two generations alive in the 128 MB that all services share.
   */
  readonly drainMs: number;
  /** How long requests wait for the calls of a tick. A server that hangs must not stop a filter that needs no answer. */
  readonly tickWaitMs: number;
}

export const TIME_LIMITS: TimeLimits = { pausedMs: 130_000, drainMs: 120_000, tickWaitMs: 2_000 };

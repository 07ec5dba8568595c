/** Time limits for a filter in one object. Tests shorten them. */
export interface TimeLimits {
  /**
   * How long the filter may delay one stage of a request. Covers two successive calls at the longest timeout of a cluster (60 s)
   * and the wait for a place; any longer wait would never end.
   */
  readonly pausedMs: number;
  /**
   * How long a replaced instance may continue with its requests and bodies. Its memory is held until then: a slow client must not
   * keep two generations alive in the 128 MB that all services share.
   */
  readonly drainMs: number;
  /** How long requests wait for the calls of a tick, and for those of a start. A server that hangs must not stop a filter that needs no answer. */
  readonly tickWaitMs: number;
}

export const TIME_LIMITS: TimeLimits = { pausedMs: 130_000, drainMs: 120_000, tickWaitMs: 2_000 };

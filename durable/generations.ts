import {
  afterFailedStart,
  afterStart,
  afterTrap,
  type FailureRow,
  mayStart,
  NO_FAILURES,
  passesUndecided,
} from "./failure/failure-row.ts";
import { type FailedStart, type FilterSurroundings, startFilter } from "./filter-start.ts";
import { Generation, type StartReason } from "./generation.ts";
import type { Counters } from "./metrics/counters.ts";
import type { RestartController } from "./restart/controller.ts";
import type { Unavailable } from "./rpc.ts";
import { type Runtime, randomShare } from "./runtime.ts";
import { TickClock } from "./ticks/tick-clock.ts";

const PAUSED_AFTER_TRAPS: Unavailable = {
  kind: "unavailable",
  reason: "filter_backoff",
  message: "the filter trapped more than once in a row and is started again after a pause",
};

/**
 * The lives of one service's filter: starts the first, ends one for the next, and lets a filter that fails rest in
 * between. One generation takes new requests; those before it finish what they have begun.
 */
export class Generations {
  readonly #surroundings: FilterSurroundings;
  readonly #runtime: Runtime;
  readonly #controller: RestartController;
  readonly #counters: Counters;
  readonly #draining = new Set<Generation>();
  #current: Generation | undefined;
  #failures: FailureRow = NO_FAILURES;
  #failedStart: (FailedStart & { readonly atMs: number }) | undefined;
  /** Size of the instance that trapped and has no successor yet. */
  #trappedBytes: number | undefined;

  constructor(
    surroundings: FilterSurroundings,
    runtime: Runtime,
    observers: { controller: RestartController; counters: Counters },
  ) {
    this.#surroundings = surroundings;
    this.#runtime = runtime;
    this.#controller = observers.controller;
    this.#counters = observers.counters;
  }

  get current(): Generation | undefined {
    return this.#current;
  }

  /** Failures in a row, for the operator. */
  get failures(): FailureRow {
    return this.#failures;
  }

  /** Why the filter cannot be started; undefined if it can, or was not tried since it last ran. */
  get failedStart(): (FailedStart & { readonly atMs: number }) | undefined {
    return this.#failedStart;
  }

  /** Generations that were replaced and still finish requests. */
  get draining(): number {
    for (const generation of this.#draining) if (generation.released) this.#draining.delete(generation);
    return this.#draining.size;
  }

  /** Whether requests pass without a decision, now that there is no filter to make one. */
  get passesUndecided(): boolean {
    const { failurePolicy } = this.#surroundings.service;
    return this.#failedStart?.reason === "filter_start_failed" && passesUndecided(this.#failures, failurePolicy);
  }

  /** The generation that takes new requests, started if need be. */
  running(): Generation | Unavailable {
    const current = this.#current;
    if (current !== undefined) {
      if (!current.failed) return current;
      this.noteTrap(current);
    }
    return this.#begin();
  }

  /** Ends a generation that trapped, if it did. To be called where a request failed: the pause counts from there. */
  noteTrap(generation: Generation): void {
    if (generation !== this.#current || !generation.failed) return;
    this.#counters.traps += 1;
    this.#trappedBytes = generation.allocatedBytes;
    this.#failures = afterTrap(this.#failures, this.#moment(), this.#surroundings.service.failurePolicy);
    this.#current = undefined;
    generation.retire();
  }

  /** A fresh instance from the compiled module. Requests that wait finish on the old one; new ones start here. */
  replace(reason: string): Generation | Unavailable {
    const old = this.#current;
    if (old === undefined || old.failed) return this.running();
    return this.#start("restart", (generation, nowMs) => {
      this.#controller.restarted(nowMs, reason, old.allocatedBytes, generation.startBytes);
      old.retire();
      if (!old.released) this.#draining.add(old);
    });
  }

  #begin(): Generation | Unavailable {
    const trappedBytes = this.#trappedBytes;
    if (trappedBytes !== undefined) {
      return this.#start("trap", (generation, nowMs) => {
        this.#trappedBytes = undefined;
        this.#controller.restarted(nowMs, "trap", trappedBytes, generation.startBytes);
      });
    }
    const reason = this.#controller.learned.current === undefined ? "first_request" : "eviction";
    return this.#start(reason, (generation, nowMs) => this.#controller.started(nowMs, generation.startBytes));
  }

  #start(
    startReason: StartReason,
    onStarted: (generation: Generation, nowMs: number) => void,
  ): Generation | Unavailable {
    const nowMs = this.#runtime.nowMs();
    if (!mayStart(this.#failures, nowMs)) return this.#unavailable();
    const start = startFilter(this.#surroundings);
    if (!start.ok) {
      this.#counters.failedStarts += 1;
      this.#failures = afterFailedStart(this.#failures, this.#moment());
      this.#failedStart = { ...start, atMs: nowMs };
      return this.#unavailable();
    }
    this.#failedStart = undefined;
    this.#failures = afterStart(this.#failures, nowMs);
    const number = (this.#controller.learned.current?.number ?? 0) + 1;
    // The built-in filter has nothing to fetch by its first tick.
    const ticks = new TickClock(this.#surroundings.service.filterKind.kind === "built-in" ? nowMs : undefined);
    const life = { number, startedAtMs: nowMs, startReason, ticks };
    const generation = new Generation(life, start.instance, this.#runtime.limits);
    onStarted(generation, nowMs);
    this.#current = generation;
    return generation;
  }

  #unavailable(): Unavailable {
    if (this.#failedStart === undefined) return PAUSED_AFTER_TRAPS;
    const { reason, filterReason, message } = this.#failedStart;
    return {
      kind: "unavailable",
      reason,
      message: filterReason === undefined ? message : `${filterReason}: ${message}`,
    };
  }

  #moment(): { nowMs: number; random: number } {
    return { nowMs: this.#runtime.nowMs(), random: randomShare(this.#runtime) };
  }
}

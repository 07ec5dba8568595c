import type { Service } from "../../config/index.ts";
import { FilterInstance } from "../../wasm/host/index.ts";
import {
  afterFailedStart,
  afterStart,
  afterTrap,
  type FailureStreak,
  mayStart,
  NO_FAILURES,
  passesUndecided,
} from "../failure/failure-streak.ts";
import type { Isolate } from "../memory/isolate.ts";
import type { MemoryOwner } from "../memory/isolate-memory.ts";
import type { Counters } from "../metrics/counters.ts";
import type { RestartController } from "../restart/controller.ts";
import type { StartReason } from "../restart/starts.ts";
import type { Unavailable } from "../rpc.ts";
import { type Runtime, randomShare } from "../runtime/runtime.ts";
import { type FailedStart, type FilterDependencies, startFilter } from "./filter-start.ts";
import { Generation, type GenerationOptions } from "./generation.ts";
import { TickClock } from "./tick-clock.ts";

const PAUSED_AFTER_TRAPS: Unavailable = {
  kind: "unavailable",
  reason: "filter_backoff",
  message: "the filter trapped more than once in a row and will start again after a pause",
};

export interface StarterDependencies {
  readonly filter: FilterDependencies;
  readonly runtime: Runtime;
  readonly controller: RestartController;
  readonly counters: Counters;
  readonly isolate: Isolate;
  readonly owner: MemoryOwner;
  /** Called when a start has failed. */
  readonly failed: () => void;
}

/** Starts instances of one service's filter, and pauses between starts while the filter fails. */
export class InstanceStarter {
  readonly #dependencies: StarterDependencies;
  #failures: FailureStreak = NO_FAILURES;
  #failedStart: (FailedStart & { readonly atMs: number }) | undefined;

  constructor(dependencies: StarterDependencies) {
    this.#dependencies = dependencies;
  }

  get failures(): FailureStreak {
    return this.#failures;
  }

  /** Why the last start failed; undefined if it succeeded or none was tried. */
  get failedStart(): (FailedStart & { readonly atMs: number }) | undefined {
    return this.#failedStart;
  }

  /** Whether requests pass without a decision while no instance can be started. */
  get passesUndecided(): boolean {
    const { failurePolicy } = this.#dependencies.filter.service;
    return this.#failedStart?.reason === "filter_start_failed" && passesUndecided(this.#failures, failurePolicy);
  }

  /** The running instance trapped; the pause before the next start counts from now. */
  noteTrap(): void {
    this.#failures = afterTrap(this.#failures, this.#moment(), this.#dependencies.filter.service.failurePolicy);
  }

  /** Starts an instance, which takes no requests yet; or returns why there is none. */
  start(startReason: StartReason): Generation | Unavailable {
    const { filter, runtime, controller, counters, isolate, owner } = this.#dependencies;
    const nowMs = runtime.nowMs();
    if (!mayStart(this.#failures, nowMs)) return this.#unavailable();
    const { service, host } = filter;
    const options: GenerationOptions = {
      number: (controller.learned.current?.number ?? 0) + 1,
      startedAtMs: nowMs,
      startReason,
      // The built-in filter fetches nothing in its first tick.
      ticks: new TickClock(service.filterKind.kind === "built-in" ? nowMs : undefined),
      track: (memory) => isolate.memory.track(owner, memory),
      capBytes: service.restart.hardLimitBytes,
    };
    const start = startFilter(
      filter,
      (startOptions) =>
        new Generation(
          options,
          (reporting) => FilterInstance.start(moduleOf(service), host, { ...startOptions, ...reporting }),
          runtime.limits,
        ),
    );
    if (!start.ok) {
      counters.failedStarts += 1;
      this.#failures = afterFailedStart(this.#failures, this.#moment());
      this.#failedStart = { ...start, atMs: nowMs };
      this.#dependencies.failed();
      return this.#unavailable();
    }
    this.#failedStart = undefined;
    this.#failures = afterStart(this.#failures, nowMs);
    return start.started;
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
    const { runtime } = this.#dependencies;
    return { nowMs: runtime.nowMs(), random: randomShare(runtime) };
  }
}

function moduleOf({ name, filter }: Service): WebAssembly.Module {
  if (filter === undefined) throw new Error(`${name} has no filter`);
  return filter;
}

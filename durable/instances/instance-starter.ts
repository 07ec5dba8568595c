import type { Service } from "../../config/index.ts";
import { FilterInstance } from "../../wasm/host/index.ts";
import { BACKOFF } from "../failure/backoff.ts";
import {
  afterFailedStart,
  afterStart,
  afterTrap,
  type FailureStreak,
  mayStart,
  NO_FAILURES,
  passesUndecided,
} from "../failure/failure-streak.ts";
import type { EventLog } from "../log/events.ts";
import type { Isolate } from "../memory/isolate.ts";
import type { MemoryOwner } from "../memory/isolate-memory.ts";
import type { Counters } from "../metrics/counters.ts";
import type { RestartController } from "../restart/controller.ts";
import type { StartReason } from "../restart/starts.ts";
import type { Unavailable } from "../rpc.ts";
import { pauseLeftMs } from "../runtime/elapsed.ts";
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
  readonly controller: Pick<RestartController, "learned">;
  readonly counters: Counters;
  readonly isolate: Isolate;
  readonly owner: MemoryOwner;
  readonly log: EventLog;
  /** Called when a start has failed. */
  readonly failed: () => void;
}

/** Starts instances of one service's filter, and pauses between starts while the filter fails. */
export class InstanceStarter {
  readonly #dependencies: StarterDependencies;
  #failures: FailureStreak = NO_FAILURES;
  #failedStart: (FailedStart & { readonly atMs: number }) | undefined;
  /** Since when requests pass undecided; undefined while they do not. */
  #openSinceMs: number | undefined;

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
  noteTrap({ number, allocatedBytes }: Pick<Generation, "number" | "allocatedBytes">, cfRay: string | null): void {
    this.#failures = afterTrap(this.#failures, this.#moment(), this.#dependencies.filter.service.failurePolicy);
    const { failures } = this.#failures;
    const fields = { generation: number, allocatedBytes, failuresInARow: failures, pauseMs: this.#pauseMs };
    this.#dependencies.log.write("trap", fields, cfRay);
    this.#logGate(cfRay);
  }

  /**
   * Starts an instance, which takes no requests yet; or returns why there is none.
   * @param cfRay of the request that needs it, if one does
   */
  start(startReason: StartReason, cfRay: string | null = null): Generation | Unavailable {
    const { filter, runtime, controller, counters, isolate, owner } = this.#dependencies;
    const nowMs = runtime.nowMs();
    if (!mayStart(this.#failures, nowMs)) return this.#unavailable();
    const { service, host } = filter;
    const number = (controller.learned.current?.number ?? 0) + 1;
    const options: GenerationOptions = {
      number,
      startedAtMs: nowMs,
      startReason,
      // The built-in filter fetches nothing in its first tick.
      ticks: new TickClock(service.filterKind.kind === "built-in" ? nowMs : undefined),
      track: (memory) => isolate.memory.track(owner, memory),
      capBytes: service.restart.hardLimitBytes,
      startCallsUnanswered: (calls) => {
        const fields = { generation: number, calls, waitedMs: runtime.limits.tickWaitMs };
        this.#dependencies.log.write("start_calls_unanswered", fields, cfRay);
      },
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
      this.#logFailedStart(start, startReason, cfRay);
      this.#logGate(cfRay);
      this.#dependencies.failed();
      return this.#unavailable();
    }
    this.#failedStart = undefined;
    this.#failures = afterStart(this.#failures, nowMs);
    this.#logGate(cfRay);
    return start.started;
  }

  get #pauseMs(): number {
    return Math.round(pauseLeftMs(this.#failures.nextStartMs, BACKOFF.capMs, this.#dependencies.runtime.nowMs()));
  }

  /** Says when requests begin to pass undecided, and when that ends. */
  #logGate(cfRay: string | null): void {
    const { log, runtime } = this.#dependencies;
    const openSinceMs = this.#openSinceMs;
    const nowMs = runtime.nowMs();
    if (this.passesUndecided && openSinceMs === undefined) {
      this.#openSinceMs = nowMs;
      const filterReason = this.#failedStart?.filterReason ?? null;
      const { failures } = this.#failures;
      const fields = { filterReason, failuresInARow: failures, pauseMs: this.#pauseMs };
      log.write("gate_opened", { gate: "failurePolicy", ...fields }, cfRay);
    } else if (!this.passesUndecided && openSinceMs !== undefined) {
      this.#openSinceMs = undefined;
      log.write("gate_closed", { gate: "failurePolicy", openMs: Math.max(0, nowMs - openSinceMs) }, cfRay);
    }
  }

  #logFailedStart({ reason, filterReason }: FailedStart, startReason: StartReason, cfRay: string | null): void {
    const { failures: failuresInARow } = this.#failures;
    const fields = { reason, filterReason: filterReason ?? null, startReason, failuresInARow, pauseMs: this.#pauseMs };
    this.#dependencies.log.write("start_failed", fields, cfRay);
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

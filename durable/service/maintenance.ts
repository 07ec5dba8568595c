import type { Service } from "../../config/index.ts";
import type { SharedState } from "../../wasm/host/index.ts";
import { BACKOFF } from "../failure/backoff.ts";
import { Generation } from "../instances/generation.ts";
import type { InstanceManager } from "../instances/instance-manager.ts";
import type { CallCounters } from "../metrics/call-counts.ts";
import type { Counters } from "../metrics/counters.ts";
import type { FilterMetrics } from "../metrics/filter-metrics.ts";
import type { OutcomeCounts } from "../metrics/outcomes.ts";
import type { OutboundCalls } from "../outbound/outbound-calls.ts";
import type { PersistedDecisions } from "../persistence/persisted-decisions.ts";
import type { StaleJournal } from "../persistence/stale-journal.ts";
import type { RestartController } from "../restart/controller.ts";
import type { RestartVerdict } from "../restart/policy.ts";
import type { RestartExecutor } from "../restart/restart-executor.ts";
import type { ServiceState, ServiceStateStore } from "../storage/service-state.ts";
import type { Counts } from "../storage/stored-counts.ts";
import { TickAlarm } from "./tick-alarm.ts";

export interface MaintenanceDependencies {
  readonly service: Pick<Service, "name" | "ticks" | "filterKind">;
  readonly nowMs: () => number;
  readonly instances: InstanceManager;
  readonly controller: RestartController;
  readonly restarts: RestartExecutor;
  readonly counters: Counters;
  readonly outcomes: OutcomeCounts;
  readonly calls: CallCounters;
  readonly filterMetrics: FilterMetrics;
  readonly outbound: Pick<OutboundCalls, "load">;
  readonly shared: SharedState;
  readonly store: ServiceStateStore;
  readonly persistedDecisions: PersistedDecisions | undefined;
  readonly staleJournal: StaleJournal | undefined;
  readonly setAlarm: (delayMs: number) => Promise<void>;
}

/** The background work of one service: ticks, samples, restarts by its policy, and writes to storage. */
export class Maintenance {
  readonly #with: MaintenanceDependencies;
  /** The built-in filter's ticks only clean up, so they run after the answer and no request waits for them. */
  readonly #ticksAfterAnswer: boolean;
  /** Undefined if only requests cause ticks. */
  readonly #alarm: TickAlarm | undefined;
  #isScheduled = false;
  /** A first start is stored after the first answer, together with its request. */
  #hasUnstoredStart = false;

  constructor(dependencies: MaintenanceDependencies) {
    const { service, setAlarm, nowMs } = dependencies;
    this.#with = dependencies;
    this.#ticksAfterAnswer = service.filterKind.kind === "built-in";
    this.#alarm = service.ticks === "alarm" ? new TickAlarm(setAlarm, nowMs) : undefined;
  }

  /** Runs the tick that is due before a request, if any. @returns what the request must await: calls of the tick or of the start */
  beforeRequest(cfRay: string | null): Promise<void> | undefined {
    return this.#ticksAfterAnswer ? undefined : this.#tickIfDue(cfRay);
  }

  /** Schedules due work in a later task, so that the answer is sent first. */
  afterAnswer(): void {
    if (this.#isScheduled || !this.#isDue(this.#with.nowMs())) return;
    this.#isScheduled = true;
    setTimeout(() => {
      this.#isScheduled = false;
      this.#run();
      if (this.#hasUnstoredStart) this.storeFacts();
    }, 0);
  }

  /** The first instance of this life of the object has started. */
  started(): void {
    this.#hasUnstoredStart = true;
  }

  /** Stores the restarts, traps, failed starts and purges so far, at once: an eviction does not lose them. */
  storeFacts(): void {
    this.#hasUnstoredStart = false;
    this.#with.store.writeFacts(this.#with.nowMs(), this.#kept);
  }

  /** The counts as they are now; see `ServiceStateStore`. */
  get countsNow(): Counts {
    return this.#with.store.countsNow(this.#kept);
  }

  /** The counts that no later life of the object falls below. */
  storedCounts(): Promise<Counts> {
    return this.#with.store.storedCounts(this.#with.nowMs(), this.#kept);
  }

  /** Runs on the object's alarm: ticks, in a fresh instance if none is in memory, and sets the alarm again. */
  async alarm(): Promise<void> {
    if (this.#alarm === undefined) return;
    this.#alarm.fired();
    const { instances, nowMs } = this.#with;
    const generation = instances.acquire();
    if (generation instanceof Generation) {
      await generation.tickIfDue(nowMs());
      instances.noteTrap(generation);
    }
    // Some filters fetch their stored data only in ticks.
    this.#persistIfDue(nowMs());
    if (this.#hasUnstoredStart) this.storeFacts();
    this.#alarm.arm(instances.current?.tickPeriodMs ?? BACKOFF.capMs);
  }

  /** Takes a sample of the serving generation; undefined if none is in memory. */
  sample(): RestartVerdict | undefined {
    const { instances, controller, counters, outbound, nowMs } = this.#with;
    const generation = instances.current;
    if (generation === undefined) return undefined;
    const { allocatedBytes, wantsRestart: restartWanted } = generation;
    return controller.sample(nowMs(), { allocatedBytes, counts: counters, calls: outbound.load, restartWanted });
  }

  /** Bytes of live decisions as counted by the built-in filter; undefined for other filters, or if no instance is in memory. */
  get liveBytes(): number | undefined {
    const { instances, filterMetrics, nowMs } = this.#with;
    if (instances.current === undefined || !this.#ticksAfterAnswer) return undefined;
    // The filter counts only when it ticks.
    instances.current.tick(nowMs());
    return filterMetrics.liveBytes;
  }

  #tickIfDue(cfRay: string | null): Promise<void> | undefined {
    const { instances, nowMs } = this.#with;
    const generation = instances.acquire(cfRay);
    if (!(generation instanceof Generation)) return undefined;
    const calls = generation.tickIfDue(nowMs());
    this.#alarm?.arm(generation.tickPeriodMs);
    // After a trap, the next instance must tick first.
    if (generation.failed) return this.#tickIfDue(cfRay);
    // Meanwhile another instance may have taken over: then its calls count.
    return calls?.then(() => (instances.acquire(cfRay) === generation ? undefined : this.#tickIfDue(cfRay)));
  }

  #isDue(nowMs: number): boolean {
    const { instances, controller } = this.#with;
    return (
      this.#hasUnstoredStart || instances.isolate.budget.isShort || controller.isDue(nowMs) || this.#isCleanUpDue(nowMs)
    );
  }

  #isCleanUpDue(nowMs: number): boolean {
    return this.#ticksAfterAnswer && (this.#with.instances.current?.isTickDue(nowMs) ?? false);
  }

  #run(): void {
    const { instances, controller, restarts, persistedDecisions } = this.#with;
    const generation = instances.current;
    if (generation === undefined || generation.failed) return;
    const nowMs = this.#with.nowMs();
    if (this.#isCleanUpDue(nowMs)) generation.tick(nowMs);
    instances.noteTrap(generation);
    void restarts.reclaimForIsolate();
    if (!controller.isDue(nowMs) || generation.failed) return;
    if (persistedDecisions?.isDue(nowMs)) void persistedDecisions.write();
    const verdict = this.sample();
    // A restart would cut off a write of decisions in progress; the next sample decides again.
    const canWait = verdict?.reason !== "hard_limit" && persistedDecisions?.isWriting === true;
    if (verdict?.restart && !canWait) restarts.byPolicy(verdict.reason);
    restarts.report();
    this.#persistIfDue(nowMs);
  }

  #persistIfDue(nowMs: number): void {
    const { store, staleJournal } = this.#with;
    if (staleJournal?.isRemoved === false) {
      void store.health.attemptAsync("removing stored decisions", () => staleJournal.remove());
    }
    if (store.writeIfDue(nowMs, this.#kept)) this.#hasUnstoredStart = false;
  }

  get #kept(): ServiceState {
    const { service, controller, counters, outcomes, calls, filterMetrics, shared } = this.#with;
    filterMetrics.addTo(counters);
    const { learned, samples } = controller;
    return { learned, samples, counters, outcomes, calls, sharedData: shared.dataOf(service.name) };
  }
}

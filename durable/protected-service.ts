import { AUTHENTICATE_RULE, matchRule, type Service } from "../config/index.ts";
import {
  createSharedState,
  type Decision,
  type HostServices,
  hasHandover,
  type Refusal,
  type SharedState,
} from "../wasm/host/index.ts";
import { decisionAnswer, ruleDenial } from "./answer.ts";
import { DeadlineTimer } from "./deadline-timer.ts";
import { BACKOFF } from "./failure/backoff.ts";
import { Generation } from "./instances/generation.ts";
import { InstanceManager } from "./instances/instance-manager.ts";
import { MemoryBackpressure } from "./memory/backpressure.ts";
import { thisIsolate } from "./memory/isolate.ts";
import type { AskToReclaim } from "./memory/isolate-budget.ts";
import { type Counters, countDecision, countRefusalInStage } from "./metrics/counters.ts";
import { OutboundCalls } from "./outbound/outbound-calls.ts";
import type { Send } from "./outbound/send-call.ts";
import { Journal } from "./persistence/journal.ts";
import type { OpenedStorage } from "./persistence/open-storage.ts";
import { PersistedDecisions } from "./persistence/persisted-decisions.ts";
import type { PersistenceStats } from "./persistence/persistence-stats.ts";
import { RestartController } from "./restart/controller.ts";
import type { RestartVerdict } from "./restart/policy.ts";
import { RestartExecutor } from "./restart/restart-executor.ts";
import { restartSettings } from "./restart/settings.ts";
import type { DecideRequest, Unavailable } from "./rpc.ts";
import { type Runtime, randomShare } from "./runtime.ts";
import { decideInStages, exchangeStages } from "./stages/decide-in-stages.ts";
import { isReplayed } from "./stages/replay.ts";
import { StageDeadline } from "./stages/stage-deadline.ts";
import type { Answer } from "./stages/staged-answer.ts";
import { type ServiceStats, serviceStats } from "./stats.ts";
import type { ServiceStateStore } from "./storage/service-state.ts";
import { streamRequest } from "./stream-request.ts";
import { TickAlarm } from "./ticks/tick-alarm.ts";

export interface ServiceDependencies {
  readonly service: Service;
  readonly runtime: Runtime;
  readonly store: ServiceStateStore;
  readonly opened: OpenedStorage;
  readonly workerVersion: string | undefined;
  /** How a cluster is reached; undefined where its binding is missing. */
  readonly sendTo: (cluster: Service["clusters"][string]) => Send | undefined;
  readonly secrets: (name: string) => string | undefined;
  /** Whether clients of a group may bring about one more call; undefined where nothing limits them. */
  readonly mayCall?: ((clientGroup: string) => Promise<boolean>) | undefined;
  /** Sets the object's one alarm. */
  readonly setAlarm: (delayMs: number) => Promise<void>;
  /** Asks another object of the isolate to give back memory. */
  readonly askToReclaim: AskToReclaim;
}

function handsOver(filter: WebAssembly.Module): boolean {
  return hasHandover(new Set(WebAssembly.Module.exports(filter).map(({ name }) => name)));
}

/** What a purge dropped. */
export interface PurgeReport {
  /** Decisions in memory; null for a filter that cannot tell: it was replaced. */
  readonly purged: number | null;
  /** Whether there are stored decisions, of which those were dropped too. */
  readonly stored: boolean;
}

/**
 * One protected service: the generations that decide, everything that outlives a generation, and the controller that
 * ends one for the next.
 */
export class ProtectedService {
  readonly #dependencies: ServiceDependencies;
  readonly #shared: SharedState = createSharedState();
  readonly #counters: Counters;
  readonly #outbound: OutboundCalls;
  /** Of earlier lives of the object, and by the failure policy: all that the filter's own metric does not tell. */
  #failedOpenOtherwise: number;
  readonly #controller: RestartController;
  readonly #instances: InstanceManager;
  readonly restarts: RestartExecutor;
  /** The filter can hand its decisions over, and purge them. */
  readonly #handsOver: boolean;
  readonly #backpressure: MemoryBackpressure;
  readonly #persistedDecisions: PersistedDecisions | undefined;
  /** Undefined where ticks come by requests alone. */
  readonly #alarm: TickAlarm | undefined;
  /** The built-in filter's ticks are housekeeping and wait until the answer is out; no request pays for them. */
  readonly #ticksAfterAnswer: boolean;
  /** A journal that must not be read again is still there. */
  #removesJournal: OpenedStorage["removeJournal"];
  /** For the next request; used up by the first that the filter keeps waiting. */
  #deadline: StageDeadline;
  readonly #pauses: DeadlineTimer;
  #chores = false;

  constructor(dependencies: ServiceDependencies) {
    this.#dependencies = dependencies;
    const { service, runtime, store, opened, sendTo, secrets } = dependencies;
    const remembered = store.read(service.version, this.#shared.dataOf(service.name));
    this.#handsOver = handsOver(service.filter);
    this.#removesJournal = opened.removeJournal;
    this.#counters = remembered.counters;
    this.#failedOpenOtherwise = remembered.counters.failedOpen;
    this.#outbound = new OutboundCalls({
      service,
      sendTo,
      nowMs: () => runtime.nowMs(),
      mayCall: dependencies.mayCall,
      probeLimits: runtime.probeLimits,
      servers: (runtime.isolate ?? thisIsolate()).servers,
    });
    this.#controller = new RestartController(
      { ...remembered, counts: remembered.counters },
      {
        policy: service.restart.policy,
        settings: restartSettings(service.restart),
        handover: this.#handsOver,
        random: () => randomShare(runtime),
        workerVersion: dependencies.workerVersion,
      },
    );
    this.#instances = new InstanceManager({
      filter: { service, host: this.#host(), digestKey: opened.digestKey, secrets },
      runtime,
      controller: this.#controller,
      counters: this.#counters,
      events: { emptied: () => this.#persistedDecisions?.forget() },
    });
    this.#persistedDecisions =
      opened.journal instanceof Journal
        ? new PersistedDecisions(service.name, opened.journal, this.#instances, runtime)
        : undefined;
    this.restarts = new RestartExecutor({
      name: service.name,
      runtime,
      instances: this.#instances,
      controller: this.#controller,
      sample: () => this.#instances.current && this.#sample(this.#instances.current),
      liveBytes: () => this.#liveBytes,
      askToReclaim: dependencies.askToReclaim,
    });
    this.#backpressure = new MemoryBackpressure(this.#instances.isolate.budget, () =>
      this.restarts.reclaimForIsolate(),
    );
    this.#alarm = service.ticks === "alarm" ? new TickAlarm(dependencies.setAlarm, () => runtime.nowMs()) : undefined;
    this.#ticksAfterAnswer = service.filterKind.kind === "built-in";
    this.#pauses = new DeadlineTimer(runtime.limits.pausedMs, 4);
    this.#deadline = new StageDeadline(this.#pauses);
  }

  get configuration(): Service {
    return this.#dependencies.service;
  }

  async decide(ask: DecideRequest): Promise<Answer> {
    const { service } = this.#dependencies;
    // The object's own rules count: its configuration may be newer or older than the Worker's for a moment.
    const rule = matchRule(service, ask.method, ask.path);
    if (rule.kind === "deny") return ruleDenial(403, "no_rule");
    if (rule.kind === "ambiguous") return ruleDenial(400, "ambiguous_path");
    // A public path asks no object. Where it is asked all the same, the Worker's newer rules protect what ours leave open.
    const ruleName = rule.kind === "public" ? AUTHENTICATE_RULE : rule.ruleName;
    const waiting = this.#backpressure.wait();
    if (waiting !== undefined) await waiting;
    const restoring = this.#persistedDecisions?.restore();
    if (restoring !== undefined) await restoring;
    return this.#decide(ask, ruleName, 0);
  }

  async #decide(ask: DecideRequest, ruleName: string, replays: number): Promise<Answer> {
    const { service } = this.#dependencies;
    const ticking = this.#ticksAfterAnswer ? undefined : this.#tickIfDue();
    if (ticking !== undefined) await ticking;
    // Only now: while a tick's calls were under way anything may have happened.
    const generation = this.#instances.acquire();
    if (!(generation instanceof Generation)) return this.#withoutFilter(generation);

    const deadline = this.#deadline;
    const request = streamRequest(ask, ruleName, deadline.signal);
    const stages = exchangeStages(service, generation.exportedStages, ask.endOfStream);
    if (stages !== undefined) {
      this.#renewDeadline();
      const answer = await decideInStages({
        service,
        generation,
        request,
        stages,
        deadline,
        replays,
        onHead: (decision) => this.#headDecided(generation, decision),
        onRefusal: (refusal) => this.#refusedInStage(generation, refusal),
      });
      return answer ?? this.#decide(ask, ruleName, replays + 1);
    }
    const deciding = generation.decide(request);
    if (deciding instanceof Promise) this.#renewDeadline();
    const decision = deciding instanceof Promise ? await deadline.wait(deciding) : deciding;
    if (isReplayed(decision, replays)) return this.#decide(ask, ruleName, replays + 1);
    this.#headDecided(generation, decision);
    return decisionAnswer(decision);
  }

  stats(): ServiceStats {
    const liveBytes = this.#liveBytes ?? null;
    this.#countFailedOpen();
    return serviceStats({
      service: this.#dependencies.service,
      nowMs: this.#dependencies.runtime.nowMs(),
      liveBytes,
      instances: this.#instances,
      controller: this.#controller,
      counters: this.#counters,
      metrics: this.#shared.metrics,
      persistence: this.#persistence,
      clusters: this.#outbound.stats,
      storage: this.#dependencies.store.health.stats,
    });
  }

  /**
   * Drops decisions at once, those of some credentials or all; what is under way is asked for anew. Once the promise is
   * fulfilled, neither storage nor another life of the object brings them back. A filter that cannot purge is replaced, with
   * all that it shared; what waits in it is answered by what it had asked.
   * @throws Error if a filter that cannot purge would not start anew
   */
  async purge(credentials?: readonly string[]): Promise<PurgeReport> {
    this.#counters.purges += 1;
    // A restore in progress could bring back decisions purged before it finished.
    const restoring = this.#persistedDecisions?.restoring;
    if (restoring !== undefined) await restoring;
    // Don't await between these lines: a request in between would restore decisions and miss both purges.
    const stored = this.#persistedDecisions?.hasStored ?? false;
    if (!this.#handsOver) this.#forgetSharedData();
    const purged = this.#instances.purge(credentials);
    await this.#persistedDecisions?.purge(credentials);
    await this.#removeJournal();
    return { purged: this.#handsOver ? (purged ?? null) : null, stored };
  }

  /** The object's alarm went off: ticks, with a fresh instance if none is in memory, and sets it anew. */
  async alarm(): Promise<void> {
    if (this.#alarm === undefined) return;
    this.#alarm.fired();
    const generation = this.#instances.acquire();
    if (generation instanceof Generation) {
      await generation.tickIfDue(this.#dependencies.runtime.nowMs());
      this.#instances.noteTrap(generation);
    }
    // A filter may fetch by ticks alone what it keeps.
    this.#keepIfDue(this.#dependencies.runtime.nowMs());
    const periodMs = this.#instances.current?.tickPeriodMs ?? BACKOFF.capMs;
    this.#alarm.arm(periodMs);
  }

  #host(): HostServices {
    const { service, runtime } = this.#dependencies;
    return {
      nowMs: () => runtime.nowMs(),
      log: (level, message) => console.log(`${service.name}: filter: ${level}: ${message}`),
      hasCluster: (name) => this.#outbound.has(name),
      httpCall: (call) => {
        this.#counters.outbound += 1;
        return this.#outbound.call(call);
      },
      randomBytes: (into) => runtime.randomBytes(into),
      shared: this.#shared,
    };
  }

  /** Runs the tick that is due. @returns the calls that the next request has to wait for */
  #tickIfDue(): Promise<void> | undefined {
    const generation = this.#instances.acquire();
    if (!(generation instanceof Generation)) return undefined;
    const calls = generation.tickIfDue(this.#dependencies.runtime.nowMs());
    this.#alarm?.arm(generation.tickPeriodMs);
    // A tick that traps has a successor, which has to tick first.
    return generation.failed ? this.#tickIfDue() : calls;
  }

  #withoutFilter(unavailable: Unavailable): Answer {
    this.#counters.requests += 1;
    if (!this.#instances.passesUndecided) {
      this.#counters.undecided += 1;
      return unavailable;
    }
    this.#failedOpenOtherwise += 1;
    return { kind: "continue", changes: [] };
  }

  /** Of the live decisions, as the built-in filter counts them; it tells by a metric, when it ticks. */
  get #liveBytes(): number | undefined {
    const generation = this.#instances.current;
    if (generation === undefined || !this.#ticksAfterAnswer) return undefined;
    generation.tick(this.#dependencies.runtime.nowMs());
    return this.#shared.metrics.value("ebb_cache_live_bytes");
  }

  get #persistence(): PersistenceStats | null {
    const { journal } = this.#dependencies.opened;
    if (this.#persistedDecisions !== undefined) return { state: "on", ...this.#persistedDecisions.stats };
    return journal === undefined || journal instanceof Journal ? null : journal;
  }

  #renewDeadline(): void {
    this.#deadline = new StageDeadline(this.#pauses);
  }

  #headDecided(generation: Generation, decision: Decision): void {
    countDecision(this.#counters, decision);
    if (decision.kind === "failed") this.#instances.noteTrap(generation);
    if (decision.kind === "respond") this.#outbound.noteRefusal(decision);
    this.#choresAfterAnswer();
  }

  #refusedInStage(generation: Generation, refusal: Refusal): void {
    countRefusalInStage(this.#counters, refusal);
    if (refusal.kind === "failed") this.#instances.noteTrap(generation);
  }

  /** Sampling, restarting and housekeeping wait until the answer is on its way; no request pays for them. */
  #choresAfterAnswer(): void {
    if (this.#chores || !this.#choresAreDue(this.#dependencies.runtime.nowMs())) return;
    this.#chores = true;
    setTimeout(() => {
      this.#chores = false;
      this.#doChores();
    }, 0);
  }

  #choresAreDue(nowMs: number): boolean {
    const { budget } = this.#instances.isolate;
    return budget.isShort || this.#controller.isDue(nowMs) || this.#isHousekeepingDue(nowMs);
  }

  #isHousekeepingDue(nowMs: number): boolean {
    return this.#ticksAfterAnswer && (this.#instances.current?.isTickDue(nowMs) ?? false);
  }

  #doChores(): void {
    const generation = this.#instances.current;
    if (generation === undefined || generation.failed) return;
    const nowMs = this.#dependencies.runtime.nowMs();
    if (this.#isHousekeepingDue(nowMs)) generation.tick(nowMs);
    this.#instances.noteTrap(generation);
    void this.restarts.reclaimForIsolate();
    if (!this.#controller.isDue(nowMs) || generation.failed) return;
    if (this.#persistedDecisions?.isDue(nowMs)) void this.#persistedDecisions.write();
    const verdict = this.#sample(generation);
    if (verdict.restart) this.restarts.byPolicy(verdict.reason);
    this.restarts.report();
    this.#keepIfDue(nowMs);
  }

  /** A filter that cannot purge may keep decisions there, too; the one that is replaced goes on writing into its own. */
  #forgetSharedData(): void {
    const { service, store } = this.#dependencies;
    this.#shared.forgetDataOf(service.name);
    store.forgetSharedData(this.#shared.dataOf(service.name));
  }

  /** @throws where the storage goes on refusing */
  async #removeJournal(): Promise<void> {
    await this.#removesJournal?.();
    this.#removesJournal = undefined;
  }

  #keepIfDue(nowMs: number): void {
    const { service, store } = this.#dependencies;
    if (this.#removesJournal !== undefined) {
      void store.health.attemptAsync("removing stored decisions", () => this.#removeJournal());
    }
    this.#countFailedOpen();
    store.writeIfDue(nowMs, {
      learned: this.#controller.learned,
      samples: this.#controller.samples,
      counters: this.#counters,
      sharedData: this.#shared.dataOf(service.name),
    });
  }

  /** Only the filter knows; it tells by a metric, which lasts as long as the object is in memory. */
  #countFailedOpen(): void {
    this.#counters.failedOpen = this.#failedOpenOtherwise + (this.#shared.metrics.value("ebb_fail_open") ?? 0);
  }

  #sample(generation: Generation): RestartVerdict {
    return this.#controller.sample(this.#dependencies.runtime.nowMs(), {
      allocatedBytes: generation.allocatedBytes,
      counts: this.#counters,
      callMs: this.#outbound.meanCallMs,
    });
  }
}

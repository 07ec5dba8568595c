import { asksWithoutCredential } from "../../config/authorization-parts.ts";
import { asksAboutRequests, keyedBy, type Service } from "../../config/index.ts";
import {
  createSharedState,
  type HostServices,
  hasHandover,
  type OutboundCall,
  type OutboundResult,
  type SharedState,
} from "../../wasm/host/index.ts";
import { DirectoryTeller } from "../directory/directory-teller.ts";
import { Outbreak } from "../directory/outbreak.ts";
import { Reporter } from "../directory/reporter.ts";
import { type DirectoryReport, directoryReport, withSamples } from "../directory/service-report.ts";
import { InstanceManager } from "../instances/instance-manager.ts";
import { EventLog } from "../log/events.ts";
import { UnservedLog } from "../log/unserved-log.ts";
import { MemoryBackpressure } from "../memory/backpressure.ts";
import { thisIsolate } from "../memory/isolate.ts";
import type { AskToReclaim } from "../memory/isolate-budget.ts";
import type { Counters } from "../metrics/counters.ts";
import { FilterMetrics } from "../metrics/filter-metrics.ts";
import { MostlyMisses } from "../metrics/mostly-misses.ts";
import type { OutcomeCounts } from "../metrics/outcomes.ts";
import { addWorkerCounts, type WorkerCounts } from "../metrics/worker-counts.ts";
import { type AdaptDependencies, adaptCalls } from "../outbound/adapt-calls.ts";
import { answerClass } from "../outbound/answer-class.ts";
import { headersWithBody } from "../outbound/call-with-body.ts";
import { type ClientHeaders, clientHeadersOf, givenToClient } from "../outbound/client-headers.ts";
import { ForbiddenReplies } from "../outbound/forbidden-replies.ts";
import { OutboundCalls } from "../outbound/outbound-calls.ts";
import { questionOf, volatileParts } from "../outbound/question.ts";
import type { Send } from "../outbound/send-call.ts";
import { Journal } from "../persistence/journal.ts";
import type { OpenedStorage } from "../persistence/open-storage.ts";
import { PersistedDecisions } from "../persistence/persisted-decisions.ts";
import type { PersistenceStats } from "../persistence/persistence-stats.ts";
import { credentialMismatch } from "../request/credential-mismatch.ts";
import { RequestDecider } from "../request/request-decider.ts";
import { sentBodies } from "../request/sent-body.ts";
import { RestartController } from "../restart/controller.ts";
import { RestartExecutor } from "../restart/restart-executor.ts";
import type { DecideRequest } from "../rpc.ts";
import { type Runtime, randomShare } from "../runtime/runtime.ts";
import { isWithoutCredential, SignIn, type SignInDependencies } from "../sign-in/sign-in.ts";
import type { Answer } from "../stages/staged-answer.ts";
import type { ServiceStateStore } from "../storage/service-state.ts";
import { type Counts, countsSince } from "../storage/stored-counts.ts";
import { Maintenance } from "./maintenance.ts";
import { type PurgeDependencies, purge } from "./purge.ts";
import type { PurgeReport } from "./purge-rpc.ts";
import { type ServiceStats, serviceStats } from "./service-stats.ts";

export interface ServiceDependencies {
  readonly service: Service;
  readonly runtime: Runtime;
  readonly store: ServiceStateStore;
  readonly opened: OpenedStorage;
  readonly workerVersion: string | undefined;
  /** Sends requests to a cluster; undefined if its binding is missing. */
  readonly sendTo: (cluster: Service["clusters"][string], name: string) => Send | undefined;
  /** Whether each request to a cluster has connections of its own. */
  readonly hasOwnConnections?: boolean;
  readonly secrets: (name: string) => string | undefined;
  /** Fetches the public keys of an issuer. */
  readonly loadKeys: AdaptDependencies["loadKeys"];
  /** Whether secrets come from `.dev.vars`. */
  readonly isDevelopment?: boolean;
  /** Whether clients of a group may cause one more call; undefined if there is no limit. */
  readonly mayCall?: ((clientGroup: string) => Promise<boolean>) | undefined;
  /** Sets the object's one alarm. */
  readonly setAlarm: (delayMs: number) => Promise<void>;
  /** Asks another object of the isolate to free memory. */
  readonly askToReclaim: AskToReclaim;
  /** Tells the directory the service's figures. */
  readonly tellDirectory: (report: DirectoryReport) => Promise<void>;
}

function handsOver(filter: WebAssembly.Module | undefined): boolean {
  return filter !== undefined && hasHandover(new Set(WebAssembly.Module.exports(filter).map(({ name }) => name)));
}

function signInOf({ filterKind }: Service, dependencies: SignInDependencies): SignIn | undefined {
  if (filterKind.kind !== "built-in") return undefined;
  const { authorization } = filterKind;
  return authorization.protocol === "forward-auth" && asksWithoutCredential(authorization)
    ? new SignIn(authorization, dependencies)
    : undefined;
}

/** One protected service: wires together the parts that decide, maintain and purge. They live as long as the object. */
export class ProtectedService {
  readonly configuration: Service;
  readonly restarts: RestartExecutor;
  readonly #nowMs: () => number;
  readonly #store: ServiceStateStore;
  readonly #shared: SharedState = createSharedState();
  readonly #counters: Counters;
  readonly #outcomes: OutcomeCounts;
  readonly #filterMetrics: FilterMetrics;
  readonly #outbound: OutboundCalls;
  readonly #controller: RestartController;
  readonly #instances: InstanceManager;
  readonly #opened: OpenedStorage;
  readonly #persistedDecisions: PersistedDecisions | undefined;
  readonly #requests: RequestDecider;
  /** Undefined if the server is asked about no request without a credential. */
  readonly #signIn: SignIn | undefined;
  readonly #clientHeaders: ClientHeaders;
  readonly #bodies: ReturnType<typeof sentBodies>;
  readonly #maintenance: Maintenance;
  readonly #purging: PurgeDependencies;
  readonly #questionSalt: number;
  readonly #volatile: ReturnType<typeof volatileParts>;
  readonly #forbiddenReplies = new ForbiddenReplies(() =>
    console.warn(
      `${this.configuration.name}: the authorization server forbids to keep its replies (Cache-Control), so each request asks it ` +
        "again. cache.obeyCacheControl: false keeps them for cache.maxTtlMs, or until the token expires",
    ),
  );

  readonly #mostlyMisses: MostlyMisses;
  readonly #unserved: UnservedLog;
  readonly #reporter: Reporter;
  readonly #outbreak: Outbreak;

  constructor({ service, runtime, store, opened, ...dependencies }: ServiceDependencies) {
    const { name } = service;
    const nowMs = () => runtime.nowMs();
    const unkeyed = asksAboutRequests(service.filterKind) ? service.filterKind.authorization.unkeyedHeaders : [];
    this.#volatile = volatileParts(unkeyed);
    this.#questionSalt = Math.floor(randomShare(runtime) * 2 ** 32);
    const shared = this.#shared;
    const remembered = store.read(service.version, shared.dataOf(name), nowMs());
    const { counters, outcomes, calls } = remembered;
    const filterHandsOver = handsOver(service.filter);
    this.configuration = service;
    this.#nowMs = nowMs;
    this.#store = store;
    this.#opened = opened;
    this.#counters = counters;
    this.#outcomes = outcomes;
    this.#filterMetrics = new FilterMetrics(shared.metrics, outcomes);
    this.#mostlyMisses = new MostlyMisses(counters, nowMs(), (requests, hits) =>
      console.warn(
        `${name}: only ${hits} of ${requests} requests were answered from the cache. A decision is kept for: ` +
          `${(keyedBy(service) ?? []).join(", ")}. If the server does not decide on all of it, leave that out: uri: "rule", ` +
          "unkeyedHeaders, fewer requestHeaders (docs/decision-key.md)",
      ),
    );
    const log = new EventLog(name, nowMs);
    this.#unserved = new UnservedLog(name, nowMs);
    this.#outbound = new OutboundCalls({
      service,
      events: log,
      sendTo: dependencies.sendTo,
      adapt: adaptCalls({ service, nowMs, secrets: dependencies.secrets, loadKeys: dependencies.loadKeys }),
      hasOwnConnections: dependencies.hasOwnConnections ?? false,
      nowMs,
      mayCall: dependencies.mayCall,
      probeLimits: runtime.probeLimits,
      calls,
      stateChanged: () => this.#reporter.stateChanged(),
      servers: (runtime.isolate ?? thisIsolate()).servers,
    });
    this.#controller = new RestartController(
      { ...remembered, counts: counters },
      {
        policy: service.restart.policy,
        settings: service.restart,
        handover: filterHandsOver,
        random: () => randomShare(runtime),
        workerVersion: dependencies.workerVersion,
      },
    );
    const controller = this.#controller;
    const instances = new InstanceManager({
      filter: {
        ...{ service, host: this.#host(runtime), digestKey: opened.digestKey, secrets: dependencies.secrets },
        isDevelopment: dependencies.isDevelopment ?? false,
      },
      runtime,
      controller,
      counters,
      events: {
        emptied: () => this.#persistedDecisions?.forget(),
        started: () => this.#maintenance.started(),
        counted: () => this.#stateChanged(),
      },
      log,
    });
    this.#instances = instances;
    const persistedDecisions =
      opened.journal instanceof Journal
        ? new PersistedDecisions(name, opened.journal, instances, runtime, store.health)
        : undefined;
    this.#persistedDecisions = persistedDecisions;
    this.restarts = new RestartExecutor({
      name,
      runtime,
      instances,
      controller,
      sample: () => this.#maintenance.sample(),
      liveBytes: () => this.#maintenance.liveBytes,
      askToReclaim: dependencies.askToReclaim,
    });
    const stored = { store, persistedDecisions, staleJournal: opened.staleJournal };
    this.#maintenance = new Maintenance({
      ...stored,
      service,
      nowMs,
      instances,
      controller,
      restarts: this.restarts,
      counters,
      outcomes,
      calls,
      filterMetrics: this.#filterMetrics,
      outbound: this.#outbound,
      shared,
      setAlarm: dependencies.setAlarm,
    });
    this.#bodies = sentBodies(service);
    this.#requests = new RequestDecider({
      service,
      instances,
      counters,
      outcomes,
      backpressure: new MemoryBackpressure(instances.isolate.budget, () => this.restarts.reclaimForIsolate()),
      persistedDecisions,
      outbound: this.#outbound,
      events: {
        beforeRequest: (cfRay) => this.#maintenance.beforeRequest(cfRay),
        afterAnswer: () => this.#afterAnswer(),
      },
      stageMs: runtime.limits.pausedMs,
    });
    this.#clientHeaders = clientHeadersOf(service);
    this.#signIn = signInOf(service, {
      ...{ service, outbound: this.#outbound, counters, outcomes, nowMs },
      secrets: dependencies.secrets,
      isDevelopment: dependencies.isDevelopment ?? false,
      afterAnswer: () => this.#afterAnswer(),
    });
    this.#purging = {
      ...stored,
      ...{ name, instances, counters, shared, handsOver: filterHandsOver, log },
      counted: () => this.#stateChanged(),
    };
    const teller = new DirectoryTeller(name, nowMs, dependencies.tellDirectory);
    this.#outbreak = new Outbreak(counters.undecided);
    this.#reporter = new Reporter({
      nowMs,
      setTimer: (callback, delayMs) => void setTimeout(callback, delayMs),
      tell: () => {
        this.#outbreak.reported(counters.undecided);
        return teller.tell(() => this.report(false));
      },
      toldAtMs: store.countsStoredAtMs ?? 0,
      limits: runtime.reportingLimits,
    });
  }

  /** A promise only if something has to be waited for. */
  decide(ask: DecideRequest): Answer | Promise<Answer> {
    const mismatch = credentialMismatch(this.configuration, ask);
    if (mismatch !== undefined) return mismatch;
    if (this.#signIn !== undefined && isWithoutCredential(ask)) return this.#signIn.decide(ask);
    if (this.#bodies === undefined) return this.#requests.decide(ask);
    return this.#bodies.decide(ask, (asked) => this.#requests.decide(asked));
  }

  /** What isolates of the Worker have decided for this service. */
  countInWorker(counts: WorkerCounts): void {
    addWorkerCounts(this.#counters, this.#outcomes, counts);
    this.#afterAnswer();
  }

  /** @throws like `purge` in purge.ts */
  purge(credentials?: readonly string[], cfRay: string | null = null): Promise<PurgeReport> {
    return purge(this.#purging, credentials, cfRay);
  }

  /** The object's alarm went off. */
  alarm(): Promise<void> {
    return this.#maintenance.alarm();
  }

  /** The stats that may be shown: their counts are stored first. */
  async shownStats(): Promise<ServiceStats> {
    const stored = await this.#maintenance.storedCounts();
    return this.stats(stored);
  }

  /** What /stats shows of this service. */
  async report(withAll: boolean): Promise<DirectoryReport> {
    const stats = await this.shownStats();
    const report = directoryReport(stats, this.#nowMs());
    return withAll ? withSamples(stats, report) : report;
  }

  /** @param counts by default those of this moment */
  stats(counts: Counts = this.#maintenance.countsNow): ServiceStats {
    const liveBytes = this.#maintenance.liveBytes ?? null;
    const nowMs = this.#nowMs();
    return serviceStats({
      service: this.configuration,
      nowMs,
      liveBytes,
      entriesPerCredential: liveBytes === null ? null : (this.#filterMetrics.entriesPerCredential ?? null),
      mostlyMisses: asksAboutRequests(this.configuration.filterKind) && this.#mostlyMisses.isTrue(nowMs),
      instances: this.#instances,
      controller: this.#controller,
      counts,
      unstoredCounts: countsSince(counts, this.#counters),
      metrics: this.#shared.metrics,
      lastUnservedCall: this.#unserved.last,
      persistence: this.#persistence,
      clusters: this.#outbound.stats,
      storage: this.#store.health.stats,
    });
  }

  #afterAnswer(): void {
    this.#maintenance.afterAnswer();
    this.#reporter.changed();
    if (this.#outbreak.begins(this.#counters.undecided)) this.#reporter.stateChanged();
  }

  /** Something happened that must not be lost, and that the operator should see soon. */
  #stateChanged(): void {
    this.#maintenance.storeFacts();
    this.#reporter.stateChanged();
  }

  get #persistence(): PersistenceStats | null {
    const { journal } = this.#opened;
    if (this.#persistedDecisions !== undefined) return { state: "on", ...this.#persistedDecisions.stats };
    return journal === undefined || journal instanceof Journal ? null : journal;
  }

  /** Makes a call, and tells the controller what was asked and answered. */
  async #outboundCall(call: OutboundCall): Promise<OutboundResult> {
    const askedAtMs = this.#nowMs();
    const result = givenToClient(this.#clientHeaders, call, await this.#outbound.call(call));
    this.#noteForbidden(result);
    // Otherwise the key has nothing that could be left out of it.
    if (asksAboutRequests(this.configuration.filterKind)) this.#mostlyMisses.note(this.#nowMs());
    const answer = answerClass(result, this.configuration.filterKind);
    const asked = { ...call, headers: headersWithBody(call) };
    this.#controller.called(questionOf(asked, this.#questionSalt, this.#volatile), askedAtMs, answer);
    return result;
  }

  #noteForbidden(result: OutboundResult): void {
    const { filterKind } = this.configuration;
    if (!result.ok || filterKind.kind !== "built-in" || !filterKind.cache.obeyCacheControl) return;
    if (this.#forbiddenReplies.note(result.headers)) this.#counters.forbiddenToKeep += 1;
  }

  #host(runtime: Runtime): HostServices {
    const { name, filterKind } = this.configuration;
    return {
      nowMs: this.#nowMs,
      log: (level, message) => console.log(`${name}: filter: ${level}: ${message}`),
      ...(filterKind.kind === "other" && { minimumLogLevel: filterKind.logLevel }),
      unserved: (call) => {
        this.#counters.unservedCalls += 1;
        this.#unserved.note(call);
      },
      hasCluster: (cluster) => this.#outbound.has(cluster),
      httpCall: (call) => {
        this.#counters.outbound += 1;
        return this.#outboundCall(call);
      },
      randomBytes: (into) => runtime.randomBytes(into),
      shared: this.#shared,
    };
  }
}

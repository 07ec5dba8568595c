import { DurableObject } from "cloudflare:workers";
import { AutoRouter, type IRequest } from "itty-router";
import type { Cluster, Gateway, Service } from "../config/index.ts";
import { missingBinding } from "../config/needed-bindings.ts";
import { Directory } from "./directory/directory.ts";
import { type DirectoryQuery, type DirectoryReading, REPORT_VERSION } from "./directory/directory-rpc.ts";
import { LiveStreams } from "./directory/live-stream.ts";
import type { DirectoryReport } from "./directory/service-report.ts";
import { loadKeys } from "./documents/load-keys.ts";
import {
  analyticsDataset,
  directoryObject,
  type Env,
  isDevelopment,
  secretNamed,
  serviceBinding,
  serviceObject,
  workerVersion,
} from "./environment.ts";
import type { RestartOutcome } from "./instances/instance-manager.ts";
import type { ReclaimRequest } from "./memory/budget-action.ts";
import { writeAnalyticsPoint } from "./metrics/analytics-writer.ts";
import { readWorkerCounts, type WorkerCounts } from "./metrics/worker-counts.ts";
import {
  type CallTarget,
  hasEntrypoint,
  howToGetEntrypoint,
  throughEntrypoint,
} from "./outbound/authorization-calls.ts";
import { rateLimit } from "./outbound/rate-limit.ts";
import type { Send } from "./outbound/send-call.ts";
import { openStorage } from "./persistence/open-storage.ts";
import { missingHeaders } from "./request/needed-headers.ts";
import type { RestartPlan } from "./restart/restart-plan.ts";
import { type DecideRequest, type NeedsHeaders, RPC_VERSION, type Unavailable } from "./rpc.ts";
import { decodeAsk, encodeContinue } from "./rpc-text.ts";
import { PLATFORM_RUNTIME } from "./runtime/platform-runtime.ts";
import type { Runtime } from "./runtime/runtime.ts";
import { ProtectedService } from "./service/protected-service.ts";
import type { PurgeReport, PurgeRequest } from "./service/purge-rpc.ts";
import type { ServiceRpc } from "./service-rpc.ts";
import type { Answer } from "./stages/staged-answer.ts";
import { ServiceStateStore } from "./storage/service-state.ts";

/**
 * The Durable Object of one service: its RPC and HTTP interface. The configuration is a parameter, so that the same class serves
 * the user's gateway, the demo and the tests.
 */
export class ServiceObject extends DurableObject<Env> implements ServiceRpc {
  readonly #gateway: Gateway;
  readonly #runtime: Runtime;
  readonly #store: ServiceStateStore;
  readonly #router = AutoRouter();
  #protected: { readonly name: string; readonly service: ProtectedService } | undefined;
  #settingUp: Promise<void> | undefined;
  #directory: Directory | undefined;
  readonly #liveStreams = new LiveStreams();

  constructor(state: DurableObjectState, env: Env, gateway: Gateway, runtime: Runtime = PLATFORM_RUNTIME) {
    super(state, env);
    this.#gateway = gateway;
    this.#runtime = runtime;
    this.#store = new ServiceStateStore(state.storage);
    this.#router.get("/stats", (request: IRequest) => this.#stats(request));
    this.#router.get("/report", (request: IRequest) => this.#report(request));
    this.#router.get("/live", (request: IRequest) => this.#live(request));
  }

  decide(
    version: number,
    text: string,
    trace?: string,
    body?: Uint8Array,
  ): MaybePromise<string | Answer | NeedsHeaders> {
    const ask = version === RPC_VERSION ? decodeAsk(text, trace, body) : undefined;
    if (ask === undefined) return unknownVersion(version);
    const answer = this.#answer(ask);
    const isLogged = ask.trace?.isLogged ?? false;
    if (!(answer instanceof Promise)) return asSent(answer, isLogged);
    return answer.then((decided) => asSent(decided, isLogged), internalError);
  }

  /** Waits only if it has to: most requests are decided at once. */
  #answer(ask: DecideRequest): MaybePromise<Answer | NeedsHeaders> {
    const { fault } = this.#gateway;
    if (fault !== undefined) return { kind: "unavailable", reason: "variable_unusable", message: fault };
    try {
      const service = this.#known(ask.service);
      if (service !== undefined) return missingHeaders(service.configuration, ask) ?? service.decide(ask);
    } catch (error) {
      return internalError(error);
    }
    return this.#answerOnceSetUp(ask);
  }

  async #answerOnceSetUp(ask: DecideRequest): Promise<Answer | NeedsHeaders> {
    const service = await this.#serviceNamed(ask.service);
    if (service !== undefined) return missingHeaders(service.configuration, ask) ?? service.decide(ask);
    const message = `configuration ${this.#gateway.version} has no service ${ask.service} (the Worker's: ${ask.configVersion})`;
    return { kind: "unavailable", reason: "unknown_service", message };
  }

  async countInWorker(version: number, service: string, counts: WorkerCounts): Promise<void> {
    if (version !== RPC_VERSION) throw new TypeError(`the Worker speaks version ${version} of the RPC`);
    (await this.#serviceNamed(service))?.countInWorker(readWorkerCounts(counts));
  }

  async tell(version: number, report: DirectoryReport): Promise<void> {
    if (version === REPORT_VERSION) this.#asDirectory.report(report);
  }

  async readDirectory(version: number, query: DirectoryQuery): Promise<DirectoryReading> {
    if (version !== REPORT_VERSION)
      throw new TypeError(`the directory speaks version ${REPORT_VERSION}, the Worker ${version}`);
    return this.#asDirectory.read(query);
  }

  async restart(reason = "operator", cfRay: string | null = null): Promise<RestartOutcome> {
    return (await this.#protected?.service.restarts.byOperator(reason, cfRay)) ?? "not_running";
  }

  async restartPlan(): Promise<RestartPlan | null> {
    return this.#protected?.service.restarts.plan() ?? null;
  }

  async purge({ service, credentials, cfRay = null }: PurgeRequest): Promise<PurgeReport> {
    const known = await this.#serviceNamed(service);
    if (known === undefined) throw new Error(`configuration ${this.#gateway.version} has no service ${service}`);
    return known.purge(credentials, cfRay);
  }

  async reclaim(request: ReclaimRequest): Promise<void> {
    await this.#protected?.service.restarts.forIsolate(request);
  }

  /** Fires if the service's filter ticks by alarm. The object may have been evicted since the alarm was set. */
  override async alarm(): Promise<void> {
    const name = this.#store.alarmService;
    try {
      const service = name === undefined ? undefined : await this.#serviceNamed(name);
      await service?.alarm();
    } catch (error) {
      // Not thrown, because the platform would retry at once; the next request sets the alarm anyway.
      console.error(`${name}: alarm: ${String(error)}`);
    }
  }

  override fetch(request: Request): Promise<Response> {
    return this.#router.fetch(request);
  }

  async #stats({ query }: IRequest): Promise<Response> {
    const service = await this.#serviceNamed(textOf(query.service));
    return service ? Response.json(await service.shownStats()) : noService(query.service);
  }

  async #report({ query }: IRequest): Promise<Response> {
    const service = await this.#serviceNamed(textOf(query.service));
    return service ? Response.json(await service.report(query.samples === "1")) : noService(query.service);
  }

  async #live({ query }: IRequest): Promise<Response> {
    const service = await this.#serviceNamed(textOf(query.service));
    return service ? this.#liveStreams.response(() => service.report(false)) : noService(query.service);
  }

  /** This object as the directory of all services. */
  get #asDirectory(): Directory {
    if (this.#directory !== undefined) return this.#directory;
    const dataset = analyticsDataset(this.#gateway, this.env);
    this.#directory = new Directory({
      storage: this.ctx.storage.kv,
      health: this.#store.health,
      services: this.#gateway.services.map(({ name }) => name),
      nowMs: () => this.#runtime.nowMs(),
      onReport: dataset && ((current, previous) => writeAnalyticsPoint(dataset, current, previous)),
    });
    return this.#directory;
  }

  /** The service, once it is set up. */
  #known(name: string): ProtectedService | undefined {
    return this.#protected?.name === name ? this.#protected.service : undefined;
  }

  /** The one service of this object, set up at the first call with its name; undefined for any other name. */
  async #serviceNamed(name: string): Promise<ProtectedService | undefined> {
    if (this.#gateway.fault !== undefined) throw new Error(this.#gateway.fault);
    const service = this.#gateway.services.find((candidate) => candidate.name === name);
    if (service === undefined) return undefined;
    this.#settingUp ??= this.#setUp(service).finally(() => {
      // If the setup failed, the next call tries again.
      if (this.#protected === undefined) this.#settingUp = undefined;
    });
    await this.#settingUp;
    return this.#known(name);
  }

  async #setUp(service: Service): Promise<void> {
    const { name } = service;
    const { env, ctx } = this;
    const runtime = this.#runtime;
    const store = this.#store;
    store.health.service = name;
    const { keySecret } = this.#gateway;
    const secret = secretNamed(env, keySecret);
    const opened = await openStorage({
      ...{ service, storage: ctx.storage, store, runtime, keySecret, secret },
      isDevelopment: isDevelopment(env),
    });
    this.#protected = {
      name,
      service: new ProtectedService({
        service,
        runtime,
        store,
        opened,
        workerVersion: workerVersion(env),
        sendTo: (cluster, clusterName) => this.#sendTo(cluster, { service: name, cluster: clusterName }),
        hasOwnConnections: this.#hasOwnConnections,
        mayCall: rateLimit(
          service.rateLimit && { name: service.rateLimit.binding, value: env[service.rateLimit.binding] },
          (line) => console.error(`${name}: ${line}`),
        ),
        secrets: (named) => secretNamed(env, named),
        loadKeys: (issuer) => loadKeys(issuer, service.clusters, env),
        isDevelopment: isDevelopment(env),
        setAlarm: (delayMs) => this.#setAlarm(name, delayMs),
        askToReclaim: (other, request) => serviceObject(env, other).reclaim(request),
        tellDirectory: (report) => directoryObject(env).tell(REPORT_VERSION, report),
      }),
    };
  }

  async #setAlarm(service: string, delayMs: number): Promise<void> {
    this.#store.alarmService = service;
    try {
      await this.ctx.storage.setAlarm(Date.now() + delayMs);
    } catch (error) {
      this.#store.health.failed("setting the alarm", error);
      throw error;
    }
  }

  /** Whether the Worker's entry exports the entrypoint for calls. If not, says once what that costs. */
  get #hasOwnConnections(): boolean {
    const has = hasEntrypoint(this.ctx.exports);
    if (!has && !hasToldOfEntrypoint) console.warn(howToGetEntrypoint(this.ctx.exports));
    hasToldOfEntrypoint = true;
    return has;
  }

  #sendTo(cluster: Cluster, target: CallTarget): Send | undefined {
    const binding = "url" in cluster ? undefined : serviceBinding(this.env, cluster.binding);
    if (!("url" in cluster) && binding === undefined) {
      const field = `services.${target.service}.clusters.${target.cluster}.binding`;
      console.error(missingBinding({ kind: "service", name: cluster.binding, field }));
      return undefined;
    }
    if (hasEntrypoint(this.ctx.exports)) return throughEntrypoint(this.ctx.exports, target);
    return binding === undefined ? (request) => fetch(request) : (request) => binding.fetch(request);
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function noService(name: unknown): Response {
  return Response.json({ error: `this object has no service ${JSON.stringify(textOf(name))}` }, { status: 404 });
}

/** In this isolate. */
let hasToldOfEntrypoint = false;

type MaybePromise<Value> = Value | Promise<Value>;

function asSent(answer: Answer | NeedsHeaders, isLogged: boolean): string | Answer | NeedsHeaders {
  return answer.kind === "continue" ? (encodeContinue(answer, isLogged) ?? answer) : answer;
}

function internalError(error: unknown): Unavailable {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { kind: "unavailable", reason: "internal_error", message };
}

/** Earlier versions sent the question as an object, in place of the number. */
function unknownVersion(version: unknown): Unavailable {
  const theirs = typeof version === "number" ? version : "2 or earlier";
  const message =
    version === RPC_VERSION
      ? "the question of the Worker cannot be read"
      : `the Worker speaks version ${theirs} of the RPC, this object ${RPC_VERSION}`;
  return { kind: "unavailable", reason: "rpc_version", message };
}

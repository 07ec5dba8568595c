import { TIME_LIMITS } from "../../durable/runtime/time-limits.ts";
import { FilterInstance, type MetricSnapshot, type StartOptions, type StreamOptions } from "../../wasm/host/index.ts";
import { GUEST_LIMIT, withTimeLimit } from "../time-limit.ts";
import type { RequestInput, ResponseInput } from "./input-schema.ts";
import { STAGE_KEYS } from "./options.ts";
import { type Exchange, endsAtHeaders, passThrough, requestHeaders, type Waiting } from "./run-request.ts";
import type { Activity, Records, ScriptedServices } from "./scripted-services.ts";
import { nextTurn } from "./virtual-clock.ts";

/** How long the gateway lets a filter hold a request; here in virtual time. */
export const PATIENCE_MS = TIME_LIMITS.pausedMs;
/** How long the gateway's requests wait for the calls of a start. */
export const START_CALLS_MS = TIME_LIMITS.tickWaitMs;
/** Virtual time between the requests of a series. */
const BETWEEN_REQUESTS_MS = 10;

/** A filter on the gateway's host, in virtual time and with scripted servers. */
export class Trial {
  readonly instance: FilterInstance;
  /** Records of the filter's start. */
  readonly atStart: Records;
  readonly #services: ScriptedServices;
  readonly #waiting: Waiting;
  #nextTickMs: number;
  #unansweredStartCalls = 0;
  #isFirstExchange = true;

  /**
   * Starts the filter. Its calls at start and in its first tick get their replies before this returns, if they come before the
   * gateway's requests would go on without them.
   * @param services if the start fails, their records have the log
   * @throws FilterStartError
   * @throws TimedOut
   */
  static async start(
    module: WebAssembly.Module,
    services: ScriptedServices,
    start: StartOptions,
    options: StreamOptions,
  ): Promise<Trial> {
    const instance = withTimeLimit(GUEST_LIMIT.ms, () => FilterInstance.start(module, services, start));
    const trial = new Trial(instance, services, options);
    await trial.#passUntil(services.clock.nowMs);
    await trial.#untilStartCallsAnswered();
    trial.#unansweredStartCalls = instance.unansweredStartCalls;
    return trial;
  }

  private constructor(instance: FilterInstance, services: ScriptedServices, options: StreamOptions) {
    const { clock } = services;
    this.instance = instance;
    this.atStart = services.records;
    this.#services = services;
    this.#nextTickMs = clock.nowMs;
    this.#waiting = {
      options,
      isOn: (stage) =>
        stage === "request-headers" ||
        (options.stages[STAGE_KEYS[stage]] && instance.exportedStages[STAGE_KEYS[stage]]),
      nowMs: () => clock.nowMs,
      within: (promise) => this.#within(promise),
      limited: (work) => this.#limited(work),
    };
  }

  /** Calls of its start that had no reply when the gateway's requests would have gone on. */
  get unansweredStartCalls(): number {
    return this.#unansweredStartCalls;
  }

  /** What it did since its start. */
  get activity(): Readonly<Activity> {
    return this.#services.activity;
  }

  get metrics(): MetricSnapshot[] {
    return this.#services.shared.metrics.snapshot();
  }

  /**
   * One request and, if it gets to the upstream, the response.
   * @throws TimedOut
   */
  async exchange(request: RequestInput, response: ResponseInput): Promise<Exchange> {
    const records = this.#services.startRecords();
    await this.#passUntil(this.#services.clock.nowMs + BETWEEN_REQUESTS_MS);
    const stream = this.instance.openStream(
      { headers: requestHeaders(request), endOfStream: endsAtHeaders(request), attributes: request.attributes },
      this.#waiting.options,
    );
    const passed = await passThrough(stream, request, response, this.#waiting);
    this.#limited(() => stream.end());
    this.#isFirstExchange = false;
    return { ...passed, records };
  }

  /** Waits a while for replies to open calls, then ends the filter. Returns the records of that time. */
  async close(): Promise<Records> {
    await this.#untilQuiet(this.#services.clock.nowMs + PATIENCE_MS);
    const records = this.#services.startRecords();
    this.instance.close();
    return records;
  }

  /** The outcome after virtual time has passed for it, or `waits` if none came. */
  async #within<Answer>(promise: Promise<Answer>): Promise<Answer | { readonly kind: "waits" }> {
    const untilMs = this.#services.clock.nowMs + PATIENCE_MS;
    let settled: { readonly answer: Answer } | undefined;
    promise.then((answer) => {
      settled = { answer };
    });
    await nextTurn();
    while (settled === undefined) {
      const nextMs = this.#nextMs();
      if (nextMs > untilMs) return { kind: "waits" };
      await this.#passUntil(nextMs);
    }
    return settled.answer;
  }

  async #untilStartCallsAnswered(): Promise<void> {
    const untilMs = this.#services.clock.nowMs + START_CALLS_MS;
    await this.#untilQuiet(untilMs, () => this.instance.unansweredStartCalls === 0);
  }

  /** Advances time to `untilMs`, but stops when no call is open, or `isOver`. */
  async #untilQuiet(untilMs: number, isOver: () => boolean = () => false): Promise<void> {
    const { clock } = this.#services;
    for (let nextMs = clock.nextMs; nextMs !== undefined && nextMs <= untilMs && !isOver(); nextMs = clock.nextMs) {
      await this.#passUntil(nextMs);
    }
  }

  /** The limit itself takes longer than most requests, so only the first is guarded by it. */
  #limited<Result>(work: () => Result): Result {
    return this.#isFirstExchange ? withTimeLimit(GUEST_LIMIT.ms, work) : work();
  }

  /** Time of the next reply or tick. */
  #nextMs(): number {
    const replyMs = this.#services.clock.nextMs ?? Number.POSITIVE_INFINITY;
    return this.instance.tickPeriodMs > 0 ? Math.min(replyMs, this.#nextTickMs) : replyMs;
  }

  /** Advances time to `untilMs`, with all replies and ticks until then. */
  async #passUntil(untilMs: number): Promise<void> {
    const { clock } = this.#services;
    for (let nextMs = this.#nextMs(); nextMs <= untilMs; nextMs = this.#nextMs()) {
      await clock.advanceTo(nextMs);
      const { tickPeriodMs } = this.instance;
      if (tickPeriodMs === 0 || this.#nextTickMs > clock.nowMs) continue;
      this.#nextTickMs = clock.nowMs + tickPeriodMs;
      this.#limited(() => this.instance.tick());
      await nextTurn();
    }
    await clock.advanceTo(untilMs);
  }
}

import type { Decision, FilterInstance, HttpStream, Stages, StreamOptions, StreamRequest } from "../wasm/host/index.ts";
import type { TimeLimits } from "./limits.ts";
import type { TickClock } from "./ticks/tick-clock.ts";
import { within } from "./ticks/within.ts";

/** Why a generation began. */
export type StartReason = "first_request" | "eviction" | "restart" | "trap";

/** A stream that goes on after its head. It keeps its generation in memory until `end`, which can be called twice. */
export interface OpenStream {
  readonly stream: HttpStream;
  end(): void;
}

/**
 * One life of the Wasm instance. It serves until it is retired; then it finishes the requests that wait on an outbound
 * call and the bodies that stream through it, and with the last of them every reference to the instance and its memory is
 * dropped. What is not finished within a time is broken off.
 */
export class Generation {
  readonly number: number;
  readonly startedAtMs: number;
  readonly startReason: StartReason;
  readonly startBytes: number;
  /** The stages for which the filter has a callback. */
  readonly exportedStages: Stages;
  readonly #limits: TimeLimits;
  readonly #ticks: TickClock;
  #instance: FilterInstance | undefined;
  #retired = false;
  #drain: ReturnType<typeof setTimeout> | undefined;
  /** Calls of the first tick, until they are answered. */
  #firstTickCalls: Promise<void> | undefined;

  constructor(
    life: { number: number; startedAtMs: number; startReason: StartReason; ticks: TickClock },
    instance: FilterInstance,
    limits: TimeLimits,
  ) {
    this.number = life.number;
    this.startedAtMs = life.startedAtMs;
    this.startReason = life.startReason;
    this.startBytes = instance.allocatedBytes;
    this.exportedStages = instance.exportedStages;
    this.#ticks = life.ticks;
    this.#instance = instance;
    this.#limits = limits;
  }

  /** Zero once the memory was let go. */
  get allocatedBytes(): number {
    return this.#instance?.allocatedBytes ?? 0;
  }

  /** Requests that wait, and exchanges that go on after their head. */
  get openStreams(): number {
    return this.#instance?.openStreams ?? 0;
  }

  /** True once the guest trapped: it must be replaced before the next request. */
  get failed(): boolean {
    return this.#instance?.failure !== undefined;
  }

  /** True once the instance was let go. */
  get released(): boolean {
    return this.#instance === undefined;
  }

  get tickPeriodMs(): number {
    return this.#instance?.tickPeriodMs ?? 0;
  }

  decide(request: StreamRequest): Decision | Promise<Decision> {
    const decision = this.#running.decide(request);
    return decision instanceof Promise ? this.#untilDecided(decision) : decision;
  }

  open(request: StreamRequest, options: StreamOptions): OpenStream {
    const stream = this.#running.openStream(request, options);
    const end = (): void => {
      stream.end();
      this.#releaseIfDrained();
    };
    return { stream, end };
  }

  isTickDue(nowMs: number): boolean {
    return this.#ticks.isDue(this.tickPeriodMs, nowMs);
  }

  /** Lets the filter do its periodic work, such as freeing what has expired and reporting its metrics. */
  tick(nowMs: number): void {
    this.#ticks.ticked(nowMs);
    this.#instance?.tick();
  }

  /**
   * Runs the tick that is due.
   * @returns what to wait for before the next request's head: the calls of this tick; of the first tick in any case, for
   *   a filter may fetch by it what it decides with
   */
  tickIfDue(nowMs: number): Promise<void> | undefined {
    if (!this.isTickDue(nowMs)) return this.#firstTickCalls;
    const first = !this.#ticks.hasTicked;
    this.tick(nowMs);
    const calls = this.#instance?.pendingTickCalls;
    if (calls === undefined) return undefined;
    const waiting = within(calls, this.#limits.tickWaitMs);
    if (first) this.#firstTickCalls = waiting.finally(() => (this.#firstTickCalls = undefined));
    return waiting;
  }

  /** Takes no new requests from now on. */
  retire(): void {
    this.#retired = true;
    this.#releaseIfDrained();
    if (this.#instance === undefined) return;
    this.#drain = setTimeout(() => this.#release(), this.#limits.drainMs);
  }

  get #running(): FilterInstance {
    if (this.#instance === undefined) throw new Error(`generation ${this.number} has ended`);
    return this.#instance;
  }

  async #untilDecided(decision: Promise<Decision>): Promise<Decision> {
    try {
      return await decision;
    } finally {
      this.#releaseIfDrained();
    }
  }

  #releaseIfDrained(): void {
    if (this.#retired && this.openStreams === 0) this.#release();
  }

  #release(): void {
    if (this.#drain !== undefined) clearTimeout(this.#drain);
    this.#instance?.close();
    this.#instance = undefined;
  }
}

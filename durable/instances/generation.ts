import type {
  Decision,
  FilterHandover,
  FilterInstance,
  HttpStream,
  Stages,
  StartOptions,
  StreamOptions,
  StreamRequest,
} from "../../wasm/host/index.ts";
import type { CollectableMemory, TrackedMemory } from "../memory/isolate-memory.ts";
import { type ReplaceReason, replaceReason } from "../memory/replace-reason.ts";
import type { StartReason } from "../restart/starts.ts";
import { withTimeout } from "../runtime/async.ts";
import type { TimeLimits } from "../runtime/time-limits.ts";
import type { TickClock } from "./tick-clock.ts";

/** Options for a new generation. */
export interface GenerationOptions {
  readonly number: number;
  readonly startedAtMs: number;
  readonly startReason: StartReason;
  readonly ticks: TickClock;
  /** Adds its linear memory to the ledger of the isolate. */
  readonly track: (memory: CollectableMemory) => TrackedMemory;
  /** Size above which the instance is replaced. */
  readonly capBytes: number;
  /** Called if this many calls of its start are unanswered when requests stop waiting for them. */
  readonly startCallsUnanswered: (calls: number) => void;
}

/** Callbacks through which an instance reports to its generation. */
type Reporting = Pick<StartOptions, "memoryWatch" | "events">;

/** Events of a retired generation until its instance is released. */
export interface RetirementEvents {
  /** A reply reached it: there may be new entries to pass on. */
  replied(): void;
  /** Called once, right before the instance is released. */
  releasing(): void;
}

/** A stream that continues after its head. It keeps its generation in memory until `end`, which can be called twice. */
export interface OpenStream {
  readonly stream: HttpStream;
  end(): void;
}

/**
 * One life of the Wasm instance. It serves until it is retired. Then it finishes the requests that wait on an outbound call and
 * the bodies that stream through it. After the last one, or after a time limit that aborts the rest, it drops every reference
 * to the instance and its memory.
 */
export class Generation {
  readonly number: number;
  readonly startedAtMs: number;
  readonly startReason: StartReason;
  readonly startBytes: number;
  /** Stages for which the filter has a callback. */
  readonly exportedStages: Stages;
  readonly #limits: TimeLimits;
  readonly #ticks: TickClock;
  readonly #memory: TrackedMemory;
  readonly #capBytes: number;
  #replaceReason: ReplaceReason | undefined;
  #instance: FilterInstance | undefined;
  #retired = false;
  #drain: ReturnType<typeof setTimeout> | undefined;
  #events: RetirementEvents | undefined;
  readonly #startCallsUnanswered: (calls: number) => void;
  /** The wait for the calls of the start and the first tick, while they are unanswered. */
  #startCalls: Promise<void> | undefined;

  /**
   * @param start starts an instance that reports to the generation
   * @throws what `start` throws
   */
  constructor(options: GenerationOptions, start: (reporting: Reporting) => FilterInstance, limits: TimeLimits) {
    let memory: TrackedMemory | undefined;
    const instance = start({
      memoryWatch: {
        began: (allocatedBytes, watchCollection) => {
          memory = options.track({ allocatedBytes, watchCollection });
        },
        failed: (bytes) => memory?.retired(bytes),
      },
      events: { replied: () => this.#events?.replied(), tookChunk: () => this.#noteMemory() },
    });
    if (memory === undefined) throw new Error("an instance started without a memory");
    this.number = options.number;
    this.startedAtMs = options.startedAtMs;
    this.startReason = options.startReason;
    this.startBytes = instance.allocatedBytes;
    this.exportedStages = instance.exportedStages;
    this.#ticks = options.ticks;
    this.#memory = memory;
    this.#capBytes = options.capBytes;
    this.#instance = instance;
    this.#limits = limits;
    this.#startCallsUnanswered = options.startCallsUnanswered;
    this.#awaitStartCalls();
    this.#noteMemory();
  }

  /** Zero after the memory was released. */
  get allocatedBytes(): number {
    return this.#instance?.allocatedBytes ?? 0;
  }

  /** Waiting requests, and exchanges that continue after their head. */
  get openStreams(): number {
    return this.#instance?.openStreams ?? 0;
  }

  /** True once the guest trapped: it must be replaced before the next request. */
  get failed(): boolean {
    return this.#instance?.failure !== undefined;
  }

  /** Why it should be replaced although it has not failed; undefined if there is no reason. */
  get replaceReason(): ReplaceReason | undefined {
    return this.#replaceReason;
  }

  /** True if the filter asked for a fresh instance. */
  get wantsRestart(): boolean {
    return this.#instance?.wantsRestart ?? false;
  }

  /** Hands over and purges its live entries; undefined if the filter cannot, or the instance was released. */
  get handover(): FilterHandover | undefined {
    return this.#instance?.handover;
  }

  /** True after the instance was released. */
  get isClosed(): boolean {
    return this.#instance === undefined;
  }

  get tickPeriodMs(): number {
    return this.#instance?.tickPeriodMs ?? 0;
  }

  decide(request: StreamRequest): Decision | Promise<Decision> {
    const decision = this.#running.decide(request);
    this.#noteMemory();
    return decision instanceof Promise ? this.#untilDecided(decision) : decision;
  }

  open(request: StreamRequest, options: StreamOptions): OpenStream {
    const stream = this.#running.openStream(request, options);
    const end = (): void => {
      stream.end();
      this.#noteMemory();
    };
    // Also after a filter failure: a retired generation must not wait for clients or upstreams of dead streams.
    stream.over.then(() => this.#endIfDrained());
    return { stream, end };
  }

  isTickDue(nowMs: number): boolean {
    return this.#ticks.isDue(this.tickPeriodMs, nowMs);
  }

  /** Lets the filter do its periodic work, such as freeing expired entries and reporting metrics. */
  tick(nowMs: number): void {
    this.#ticks.ticked(nowMs);
    this.#instance?.tick();
    this.#noteMemory();
  }

  /**
   * Runs the tick if one is due.
   * @returns what to await before the next request's head: the calls of this tick, and those of the start and the first tick while
   *   they are unanswered, because a filter may need their replies for its decisions
   */
  tickIfDue(nowMs: number): Promise<void> | undefined {
    if (!this.isTickDue(nowMs)) return this.#startCalls;
    const isFirst = !this.#ticks.hasTicked;
    this.tick(nowMs);
    if (isFirst) {
      this.#awaitStartCalls();
      return this.#startCalls;
    }
    const calls = this.#instance?.pendingTickCalls;
    if (calls === undefined) return this.#startCalls;
    return Promise.all([withTimeout(calls, this.#limits.tickWaitMs), this.#startCalls]).then(() => {});
  }

  /** Takes no new requests from now on. */
  retire(events?: RetirementEvents): void {
    this.#retired = true;
    this.#events = events;
    this.#endIfDrained();
    if (this.#instance === undefined) return;
    this.#drain = setTimeout(() => this.close(), this.#limits.drainMs);
  }

  /** Aborts unfinished work and drops every reference to the instance. Waiting requests fail with `closed`. */
  close(): void {
    if (this.#drain !== undefined) clearTimeout(this.#drain);
    const instance = this.#instance;
    if (instance === undefined) return;
    this.#events?.releasing();
    this.#events = undefined;
    instance.close();
    this.#instance = undefined;
    this.#memory.retired(instance.allocatedBytes);
  }

  get #running(): FilterInstance {
    if (this.#instance === undefined) throw new Error(`generation ${this.number} has ended`);
    return this.#instance;
  }

  async #untilDecided(decision: Promise<Decision>): Promise<Decision> {
    try {
      return await decision;
    } finally {
      this.#noteMemory();
      this.#endIfDrained();
    }
  }

  /** Begins the wait for the calls of the start, or begins it again with those of the first tick. */
  #awaitStartCalls(): void {
    const instance = this.#instance;
    const calls = instance?.pendingStartCalls;
    if (instance === undefined || calls === undefined) return;
    const waiting: Promise<void> = withTimeout(calls, this.#limits.tickWaitMs).then((areAnswered) => {
      if (this.#startCalls !== waiting) return;
      this.#startCalls = undefined;
      if (!areAnswered) this.#startCallsUnanswered(instance.unansweredStartCalls);
    });
    this.#startCalls = waiting;
  }

  /** Call after each run of the guest: only then can the host see that its memory grew. */
  #noteMemory(): void {
    const instance = this.#instance;
    if (instance === undefined) return;
    const { allocatedBytes, refusedBytes } = instance;
    this.#memory.report(allocatedBytes);
    this.#replaceReason ??= replaceReason({
      startBytes: this.startBytes,
      allocatedBytes,
      capBytes: this.#capBytes,
      refusedBytes,
    });
  }

  #endIfDrained(): void {
    if (this.#retired && this.openStreams === 0) this.close();
  }
}

import type { AbiVersion } from "./abi.ts";
import { CallbackScope, type GuestFunction } from "./callback-scope.ts";
import { type Callbacks, NO_CALLBACKS } from "./callbacks.ts";
import { type Context, RootContext, type StreamContext } from "./contexts.ts";
import { type FilterFailure, failureOf, guestFramesOf } from "./failures.ts";
import type { HandoverFunctions } from "./handover-functions.ts";
import type { HeaderList } from "./header-list.ts";
import { logLines } from "./log-lines.ts";
import { GuestMemory } from "./memory.ts";
import { OutputLines } from "./output-lines.ts";
import { PendingCalls } from "./pending-calls.ts";
import { QueueEvents } from "./queue-events.ts";
import type { HostServices, OutboundResult } from "./services.ts";
import type { SharedData } from "./shared-data.ts";

/** How one filter is started. */
export interface StartOptions {
  /** Filters of one VM id share their shared data. */
  readonly vmId: string;
  /** Chooses among the plugins of one module; read as property `plugin_root_id`. */
  readonly rootId: string;
  readonly pluginName: string;
  readonly vmConfiguration: Uint8Array;
  readonly pluginConfiguration: Uint8Array;
  readonly memoryWatch?: MemoryWatch;
  readonly events?: InstanceEvents;
}

/** What an instance reports to its embedder. Never called while the guest or HostServices run, nor after `close`. */
export interface InstanceEvents {
  /** A reply was delivered: there may be changes to hand over. */
  replied(): void;
  /** A chunk of another instance was imported: the memory may have grown. */
  tookChunk(): void;
}

/** Follows the linear memory of one instance. */
export interface MemoryWatch {
  /**
   * At its creation. `register` has a registry told when the memory was really collected: the memory itself, since a
   * forgotten view pins it after the instance is gone, and without handing it out, since every holder would pin it too.
   */
  began(bytes: number, register: <T>(registry: FinalizationRegistry<T>, heldValue: T) => void): void;
  /** The start failed, with the memory at so many bytes; every reference to it is dropped right after. */
  failed(bytes: number): void;
}

/** The reply that `on_http_call_response` is told of; readable only inside that callback. */
export interface CallReply {
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  readonly trailers: HeaderList;
  /** What `proxy_get_status` answers. */
  readonly statusCode: number;
  readonly statusMessage: string;
}

/** What comes for the guest from outside its own calls; never while it runs. */
export interface Deliveries {
  reply(callId: number, result: OutboundResult): void;
  queueReady(queueId: number): void;
}

/**
 * Where the guest is in its life. `loading`: its start section, `_initialize`, `main` or `_start` runs, where a language's
 * runtime may end its program with `proc_exit(0)`. The plugin may read its configuration until it is `running`.
 */
type VmStage = "loading" | "creating_root" | "vm_start" | "configure" | "running";

const NO_HANDOVER: HandoverFunctions = new Map();
const ROOT_ID = 1;
/** Below 2^30 an id is a small integer to V8 in every build. */
const MAX_CONTEXT_ID = 0x3fff_ffff;

/** One guest with all its state on the host's side: what the host functions work on. */
export class Vm {
  readonly abiVersion: AbiVersion;
  readonly services: HostServices;
  readonly options: StartOptions;
  readonly memory = new GuestMemory();
  readonly output = new OutputLines((level, text) => logLines(this, level, text));
  readonly scope = new CallbackScope(this.memory, this.output);
  readonly root = new RootContext(ROOT_ID);
  readonly contexts = new Map<number, Context>([[ROOT_ID, this.root]]);
  readonly calls: PendingCalls;
  readonly sharedData: SharedData;
  readonly queueEvents: QueueEvents;
  callbacks: Callbacks = NO_CALLBACKS;
  handover: HandoverFunctions = NO_HANDOVER;
  failure: FilterFailure | undefined;
  stage: VmStage = "loading";
  reply: CallReply | undefined;
  tickPeriodMs = 0;
  /** By how much the guest's monotonic clock is ahead, for the times it slept. */
  sleptMs = 0;
  /** Bytes of bodies held back, of properties set, by all streams together. */
  heldBodyBytes = 0;
  propertyBytes = 0;
  /** Streams whose state the guest changed from another callback than their own. */
  touchedStreams: StreamContext[] = [];
  #lastContextId = ROOT_ID;

  constructor(abiVersion: AbiVersion, services: HostServices, options: StartOptions, deliver: Deliveries) {
    this.abiVersion = abiVersion;
    this.services = services;
    this.options = options;
    this.sharedData = services.shared.dataOf(options.vmId);
    this.calls = new PendingCalls(services, deliver.reply);
    this.queueEvents = new QueueEvents(deliver.queueReady);
  }

  /** The stream that host functions act on, or undefined if that is the root. */
  get stream(): StreamContext | undefined {
    const context = this.scope.context;
    return context?.kind === "stream" ? context : undefined;
  }

  /** An id never in use at the same time; roots and streams share the numbers. */
  nextContextId(): number {
    do this.#lastContextId = this.#lastContextId >= MAX_CONTEXT_ID ? ROOT_ID : this.#lastContextId + 1;
    while (this.contexts.has(this.#lastContextId));
    return this.#lastContextId;
  }

  /** Has a stream looked at when the current callback has returned. */
  touch(stream: StreamContext): void {
    if (stream.queued) return;
    stream.queued = true;
    this.touchedStreams.push(stream);
  }

  /**
   * Calls the guest for `context`.
   * @returns the result (0 for none), or undefined if the guest failed, now or before; it is never called again then
   */
  call(context: Context, callback: GuestFunction, a = 0, b = 0, c = 0, d = 0, e = 0): number | undefined {
    if (this.failure !== undefined) return undefined;
    if (context.kind === "root") context.loggedBytes = 0;
    try {
      const result = this.scope.run(context, callback, a, b, c, d, e);
      // A guest with exception handling can catch the exit it asked for and go on.
      return this.failure === undefined ? Number(result) || 0 : undefined;
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  /** Marks the guest as unusable. The first failure counts. */
  fail(error: unknown): void {
    if (this.failure !== undefined) return;
    this.failure = failureOf(error);
    this.output.flush();
    const frames = guestFramesOf(error);
    this.services.log("critical", frames === "" ? this.failure.message : `${this.failure.message} (${frames})`);
  }

  /** Drops every reference to the guest, so that its memory can be collected. */
  release(): void {
    this.callbacks = NO_CALLBACKS;
    this.handover = NO_HANDOVER;
    this.memory.release();
    this.calls.clear();
    this.services.shared.queues.forget(this.queueEvents.notify);
    this.queueEvents.clear();
    this.contexts.clear();
    this.touchedStreams = [];
    this.reply = undefined;
    this.tickPeriodMs = 0;
  }
}

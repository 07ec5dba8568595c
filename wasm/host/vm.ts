import type { AbiVersion } from "./abi.ts";
import { CallbackScope, type GuestFunction } from "./callback-scope.ts";
import { type Callbacks, NO_CALLBACKS } from "./callbacks.ts";
import { type Context, RootContext, type StreamContext } from "./contexts.ts";
import { type FilterFailure, failureOf, guestFramesOf } from "./failures.ts";
import type { HandoverFunctions } from "./handover-functions.ts";
import type { HeaderList } from "./header-table.ts";
import type { HostServices, OutboundResult, UnservedCall } from "./host-services.ts";
import { KeptLines } from "./kept-lines.ts";
import { logLines } from "./log-lines.ts";
import { GuestMemory } from "./memory.ts";
import { OutputLines } from "./output-lines.ts";
import { PendingCalls } from "./pending-calls.ts";
import type { PropertyValue } from "./properties.ts";
import { QueueEvents } from "./queue-events.ts";
import type { SharedData } from "./shared-data.ts";

/** How to start one filter. */
export interface StartOptions {
  /** Filters with the same VM id use the same shared data. */
  readonly vmId: string;
  /** Selects one of a module's plugins; readable as property `plugin_root_id`. */
  readonly rootId: string;
  readonly pluginName: string;
  readonly vmConfiguration: Uint8Array;
  readonly pluginConfiguration: Uint8Array;
  /** Properties by dotted path, the same for all requests, besides those that the host answers itself; see properties.ts. */
  readonly properties?: ReadonlyMap<string, PropertyValue> | undefined;
  readonly memoryWatch?: MemoryWatch;
  readonly events?: InstanceEvents;
}

/** Events an instance reports to its embedder. Never called while the guest or HostServices run, nor after `close`. */
export interface InstanceEvents {
  /** A reply was delivered: there may be changes for a handover. */
  replied(): void;
  /** A chunk from another instance was imported: the memory may have grown. */
  tookChunk(): void;
}

/** Follows the linear memory of one instance. */
export interface MemoryWatch {
  /**
   * Called when the memory is created. `register` registers the memory itself with a FinalizationRegistry: a forgotten view
   * can keep the memory alive after the instance is gone. It hides the memory, as any reference would keep it alive too.
   */
  began(bytes: number, register: <T>(registry: FinalizationRegistry<T>, heldValue: T) => void): void;
  /** The start failed while the memory had this many bytes. Every reference to it is dropped right after. */
  failed(bytes: number): void;
}

/** The reply passed to `on_http_call_response`; readable only inside that callback. */
export interface CallReply {
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  readonly trailers: HeaderList;
  /** Returned by `proxy_get_status`. */
  readonly statusCode: number;
  readonly statusMessage: string;
}

/** Events from outside the guest's own calls; never delivered while it runs. */
export interface Deliveries {
  reply(callId: number, result: OutboundResult): void;
  queueReady(queueId: number): void;
}

/**
 * The guest's stage. `loading`: its start section, `_initialize`, `main` or `_start` runs; a language's runtime may end its
 * program with `proc_exit(0)` there. The plugin may read its configuration until the stage is `running`.
 */
type VmStage = "loading" | "creating_root" | "vm_start" | "configure" | "running";

const NO_HANDOVER: HandoverFunctions = new Map();
const ROOT_ID = 1;
/** Below 2^30 an id is a small integer in every build of V8. */
const MAX_CONTEXT_ID = 0x3fff_ffff;

/** One guest with all its host-side state, on which the host functions operate. */
export class Vm {
  readonly abiVersion: AbiVersion;
  readonly services: HostServices;
  readonly options: StartOptions;
  readonly memory = new GuestMemory();
  /** The guest's last lines, to explain its failure. */
  readonly keptLines = new KeptLines();
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
  /** The guest asked for a fresh instance of itself. */
  restartWanted = false;
  /** At its start or in a tick, the guest called a cluster that does not exist, and will decide without its reply. */
  lacksCluster = false;
  /** How far the guest's monotonic clock is ahead because it slept. */
  sleptMs = 0;
  /** Bytes of held-back bodies and of properties, of all streams together. */
  heldBodyBytes = 0;
  propertyBytes = 0;
  /** Streams whose state changed; `settle` must look at them. */
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

  /** The stream that host functions act on; undefined for the root. */
  get stream(): StreamContext | undefined {
    const context = this.scope.context;
    return context?.kind === "stream" ? context : undefined;
  }

  /** An id that is not in use; roots and streams share the numbers. */
  nextContextId(): number {
    do this.#lastContextId = this.#lastContextId >= MAX_CONTEXT_ID ? ROOT_ID : this.#lastContextId + 1;
    while (this.contexts.has(this.#lastContextId));
    return this.#lastContextId;
  }

  /** Marks a stream for `settle`, after the current callback has returned. */
  touch(stream: StreamContext): void {
    if (stream.queued) return;
    stream.queued = true;
    this.touchedStreams.push(stream);
  }

  /**
   * Calls the guest for `context`.
   * @returns the result (0 for none); undefined if the guest failed now or earlier, after which it is never called again
   */
  call(context: Context, callback: GuestFunction, a = 0, b = 0, c = 0, d = 0, e = 0): number | undefined {
    if (this.failure !== undefined) return undefined;
    if (context.kind === "root") context.loggedBytes = 0;
    try {
      const result = this.scope.run(context, callback, a, b, c, d, e);
      // A guest with exception handling can catch the exit it requested and continue.
      return this.failure === undefined ? Number(result) || 0 : undefined;
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  /** Marks the guest as unusable. Only the first failure counts. */
  fail(error: unknown): void {
    if (this.failure !== undefined) return;
    this.output.flush();
    this.failure = { ...failureOf(error), lastLines: this.keptLines.last };
    const frames = guestFramesOf(error);
    this.services.log("critical", frames === "" ? this.failure.message : `${this.failure.message} (${frames})`);
  }

  /** The guest asked for something that the host does not have. */
  noteUnserved(what: UnservedCall["what"], name: string): void {
    if (this.stream !== undefined) this.stream.unserved = true;
    else if (what === "cluster" && this.calls.isForNoRequest) this.lacksCluster = true;
    this.services.unserved?.({ what, name });
  }

  /** Whether a stream's decision lacks something that the host does not have. */
  isUnserved(stream: StreamContext): boolean {
    return stream.unserved || this.lacksCluster;
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

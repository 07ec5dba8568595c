import { type AbiVersion, Status } from "./abi.ts";
import type { Decision, StreamRequest } from "./decision.ts";
import type { FilterFailure } from "./failures.ts";
import { FilterHandover } from "./filter-handover.ts";
import { importsByState } from "./function-catalog.ts";
import { hasHandover } from "./handover-functions.ts";
import { HOST_LIMITS } from "./host-limits.ts";
import type { HostServices, OutboundResult } from "./host-services.ts";
import { HttpStream } from "./http-stream.ts";
import { shapeOf } from "./module-shape.ts";
import { type Stages, type StreamOptions, stagesOf } from "./stages.ts";
import { startGuest } from "./start-guest.ts";
import { StreamLife } from "./stream-life.ts";
import { type CallReply, type StartOptions, Vm } from "./vm.ts";

const NO_BYTES = new Uint8Array(0);

/**
 * One running Proxy-Wasm filter. Nothing in it survives `close`; state that must (shared data, metrics, the embedder's
 * pending work) is in HostServices. Functions of HostServices must not call any method.
 */
export class FilterInstance {
  readonly abiVersion: AbiVersion;
  /** Imported functions that no ABI version defines, as `module.name`. The filter runs, but they return UNIMPLEMENTED. */
  readonly unknownImports: readonly string[];
  /** Imported ABI functions this host does not implement (gRPC), as `module.name`. They return UNIMPLEMENTED. */
  readonly unimplementedImports: readonly string[];
  /** The stages for which the filter has a callback. */
  readonly exportedStages: Stages;
  /** Moves live entries to another instance; undefined for a filter without that extension (docs/handover.md). */
  readonly handover: FilterHandover | undefined;
  readonly #vm: Vm;
  readonly #streams: StreamLife;
  #closed = false;
  #bytesAtClose = 0;

  /**
   * Instantiates, initialises and configures a filter. Synchronous; work the filter starts meanwhile (outbound calls from
   * `on_configure`) continues afterwards.
   * @throws FilterStartError with a machine-readable reason
   */
  static start(module: WebAssembly.Module, services: HostServices, options: StartOptions): FilterInstance {
    return new FilterInstance(module, services, options);
  }

  private constructor(module: WebAssembly.Module, services: HostServices, options: StartOptions) {
    const shape = shapeOf(module);
    this.abiVersion = shape.abiVersion;
    const { unknown, unimplemented } = importsByState(shape.imports);
    this.unknownImports = unknown;
    this.unimplementedImports = unimplemented;
    this.exportedStages = stagesOf((name) => shape.functions.has(name));
    this.#vm = new Vm(shape.abiVersion, services, options, {
      reply: (callId, result) => this.#deliver(callId, result),
      queueReady: (queueId) => this.#tellOfQueue(queueId),
    });
    this.#streams = new StreamLife(this.#vm);
    if (hasHandover(shape.functions)) this.handover = new FilterHandover(this.#vm, () => this.#streams.settle());
    try {
      this.#vm.calls.duringStart(() => startGuest(this.#vm, module, shape));
    } catch (error) {
      options.memoryWatch?.failed(this.#vm.memory.byteLength);
      this.#vm.release();
      throw error;
    }
  }

  /** Bytes of linear memory: pages x 65,536. After `close`, the size at that time. */
  get allocatedBytes(): number {
    return this.#closed ? this.#bytesAtClose : this.#vm.memory.byteLength;
  }

  /** Size of the last allocation that the guest refused to the host; 0 if it never did. */
  get refusedBytes(): number {
    return this.#vm.memory.refusedBytes;
  }

  /** Set once the guest has trapped or exited. From then on every request fails. */
  get failure(): FilterFailure | undefined {
    return this.#vm.failure;
  }

  /** Requests that wait for a decision, and HttpStreams not yet ended. */
  get openStreams(): number {
    return this.#streams.open;
  }

  /** Outbound calls that wait for a reply, including those of ticks. */
  get pendingCalls(): number {
    return this.#vm.calls.count;
  }

  /** Outbound calls ever dispatched. */
  get outboundCalls(): number {
    return this.#vm.calls.dispatched;
  }

  /** The period set with `proxy_set_tick_period_milliseconds`; 0: no ticks. */
  get tickPeriodMs(): number {
    return this.#vm.tickPeriodMs;
  }

  /** True once the filter has asked for a fresh instance (the property `wasm_need_rebuild` of Higress). */
  get wantsRestart(): boolean {
    return this.#vm.restartWanted;
  }

  /**
   * Passes one request through the request-headers stage, then done, log and delete. Synchronous if the guest decides at
   * once. Never throws or rejects because of the guest: every failure is a decision of kind `failed`.
   */
  decide(request: StreamRequest): Decision | Promise<Decision> {
    this.#vm.scope.assertOutsideGuest("decide");
    return this.#streams.decide(request);
  }

  /**
   * Opens one whole HTTP exchange; the filter sees the chosen stages. Never throws because of the guest: if no stream can be
   * opened, its first outcome says why.
   */
  openStream(request: StreamRequest, options: StreamOptions): HttpStream {
    this.#vm.scope.assertOutsideGuest("openStream");
    return new HttpStream(this.#streams, this.#streams.openStream(request, options), request.endOfStream);
  }

  /** Runs `on_tick` if the guest set a tick period. The embedder keeps the schedule. */
  tick(): void {
    this.#vm.scope.assertOutsideGuest("tick");
    const { callbacks, root, tickPeriodMs, calls } = this.#vm;
    const { proxy_on_tick: onTick } = callbacks;
    if (tickPeriodMs === 0 || onTick === undefined) return;
    calls.duringTick(() => this.#vm.call(root, onTick, root.id));
    this.#streams.settle();
    this.#vm.queueEvents.schedule();
  }

  /** Resolves when all outbound calls made by ticks are answered; undefined if none is pending. Never rejects. */
  get pendingTickCalls(): Promise<void> | undefined {
    return this.#vm.calls.ofTicks.answers;
  }

  /**
   * Resolves when all outbound calls made by the start (`on_vm_start`, `on_configure`) and the first tick are answered, and
   * those made by the replies to them; undefined if none is pending. Never rejects. A filter may make such calls for ever, so
   * wait with a limit.
   */
  get pendingStartCalls(): Promise<void> | undefined {
    return this.#vm.calls.ofStart.answers;
  }

  /** How many of these calls are unanswered. */
  get unansweredStartCalls(): number {
    return this.#vm.calls.ofStart.unanswered;
  }

  /**
   * Ends the instance: waiting requests fail, the root gets done and delete (as in Envoy, no log: that is for streams), and
   * every reference to the guest is dropped. Traps meanwhile are expected (some SDKs cannot handle these callbacks for the root) and ignored.
   */
  close(): void {
    this.#vm.scope.assertOutsideGuest("close");
    if (this.#closed) return;
    this.#bytesAtClose = this.#vm.memory.byteLength;
    this.#closed = true;
    this.#streams.closeAll();
    const { callbacks, root } = this.#vm;
    for (const callback of [callbacks.proxy_on_done, callbacks.proxy_on_delete]) {
      if (callback !== undefined) this.#vm.call(root, callback, root.id);
    }
    this.#vm.release();
  }

  /** Delivers a reply to the guest, always on the root context; the stream that made the call may be gone. */
  #deliver(callId: number, result: OutboundResult): void {
    const vm = this.#vm;
    const { proxy_on_http_call_response: callback } = vm.callbacks;
    if (callback === undefined || vm.failure !== undefined) return;
    const reply = replyOf(result);
    vm.reply = reply;
    vm.call(vm.root, callback, vm.root.id, callId, reply.headers.length, reply.body.length, reply.trailers.length);
    vm.reply = undefined;
    this.#streams.settle();
    vm.queueEvents.schedule();
    vm.options.events?.replied();
  }

  #tellOfQueue(queueId: number): void {
    const { callbacks, root } = this.#vm;
    if (callbacks.proxy_on_queue_ready === undefined) return;
    this.#vm.call(root, callbacks.proxy_on_queue_ready, root.id, queueId);
    this.#streams.settle();
  }
}

function replyOf(result: OutboundResult): CallReply {
  if (!result.ok) return failedReply(result.reason);
  if (result.body.length > HOST_LIMITS.callReplyBodyBytes) return failedReply("rejected");
  return { headers: result.headers, body: result.body, trailers: result.trailers, statusCode: 0, statusMessage: "" };
}

/** A failed call has no headers: guests recognise it by that. */
function failedReply(reason: string): CallReply {
  return { headers: [], body: NO_BYTES, trailers: [], statusCode: Status.BROKEN_CONNECTION, statusMessage: reason };
}

import type { DecisionFailure, StreamRequest } from "./decision.ts";
import type { HeaderList } from "./header-table.ts";
import { Message } from "./message.ts";
import type { StreamOptions } from "./stages.ts";

/** State of every context, including the root. */
abstract class ContextBase {
  readonly id: number;
  /** Bytes logged by the stream, or by the root's current callback. */
  loggedBytes = 0;
  /** Properties set by the guest; created when first needed. */
  properties: Map<string, Uint8Array> | undefined;
  propertyBytes = 0;

  constructor(id: number) {
    this.id = id;
  }
}

/** The plugin's own context: start, configuration, ticks, queues and replies to outbound calls. */
export class RootContext extends ContextBase {
  readonly kind = "root";
}

export interface LocalResponse {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  readonly details: string;
}

/**
 * `open`: messages pass. `ending`: `on_done`, `on_log` and `on_delete` run. `awaiting_done`: `on_done` returned false, the
 * guest will call `proxy_done`. `deleted`: no more callbacks.
 */
type StreamPhase = "open" | "ending" | "awaiting_done" | "deleted";

/**
 * One HTTP exchange. The guest's requests (continue, close, local response, done) are only recorded here. They take
 * effect after the guest has returned, so the guest is never entered while it runs.
 */
export class StreamContext extends ContextBase {
  readonly kind = "stream";
  readonly options: StreamOptions;
  readonly attributes: StreamRequest["attributes"];
  readonly signal: StreamRequest["signal"];
  readonly startedMs: number;
  readonly request: Message;
  /** Set by `responseHeaders`. */
  response: Message | undefined;

  phase: StreamPhase = "open";
  /** True once created in the guest. */
  created = false;
  /** True for `decide`: the stream ends once its request headers are decided. */
  endsWhenDecided = false;

  closeRequested = false;
  localResponse: LocalResponse | undefined;
  /** The embedder has been given the local response. */
  localResponseTaken = false;
  /** Why a local response was not accepted. The guest meant to refuse the request, so the stream must not continue. */
  refusedResponse: string | undefined;
  /** Why the host or the embedder stopped the stream. */
  failure: { readonly reason: DecisionFailure; readonly message: string } | undefined;
  doneReported = false;
  /** True while it is in `Vm.touchedStreams`. */
  queued = false;

  /** True once the guest asked for something for it that the host does not have. */
  unserved = false;

  /** Outbound calls this stream started, and how many of them are pending. */
  calls = 0;
  pendingCalls = 0;
  /** Created on first use. */
  over: PromiseWithResolvers<void> | undefined;
  stopWatching: (() => void) | undefined;

  constructor(id: number, request: StreamRequest, options: StreamOptions, nowMs: number) {
    super(id);
    this.request = new Message("request", request.headers);
    this.options = options;
    this.attributes = request.attributes;
    this.signal = request.signal;
    this.startedMs = nowMs;
  }
}

export type Context = RootContext | StreamContext;

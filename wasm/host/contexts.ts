import type { DecisionFailure, StreamRequest } from "./decision.ts";
import type { HeaderList } from "./header-list.ts";
import { Message } from "./message.ts";
import type { StreamOptions } from "./stages.ts";

/** State that every context has, the root's included. */
abstract class ContextBase {
  readonly id: number;
  /** Bytes logged; of the stream, or of the root's current callback. */
  loggedBytes = 0;
  /** Set by the guest itself; made when first needed. */
  properties: Map<string, Uint8Array> | undefined;
  propertyBytes = 0;

  constructor(id: number) {
    this.id = id;
  }
}

/** The plugin's own context: start, configuration, ticks, queues and replies to http calls. */
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
 * Where a stream is in its life.
 * `open`: messages pass. `ending`: `on_done`, `on_log` and `on_delete` run. `awaiting_done`: `on_done` returned false, the
 * guest will call `proxy_done`. `deleted`: no callback any more.
 */
type StreamPhase = "open" | "ending" | "awaiting_done" | "deleted";

/**
 * One HTTP exchange. What the guest asks of it (continue, close, local response, done) is only noted here; it takes
 * effect after the guest has returned, so that the guest is never entered while it runs.
 */
export class StreamContext extends ContextBase {
  readonly kind = "stream";
  readonly options: StreamOptions;
  readonly attributes: StreamRequest["attributes"];
  readonly signal: StreamRequest["signal"];
  readonly startedMs: number;
  readonly request: Message;
  /** From `responseHeaders` on. */
  response: Message | undefined;

  phase: StreamPhase = "open";
  /** The guest knows of it. */
  created = false;
  /** A `decide`: it is over as soon as its request headers are decided. */
  endsWhenDecided = false;

  closeRequested = false;
  localResponse: LocalResponse | undefined;
  /** The embedder has been given the local response. */
  localResponseTaken = false;
  /** Why a local response could not be accepted. The guest meant to refuse, so the stream must not continue. */
  refusedResponse: string | undefined;
  /** Why nothing of the stream goes on any more, by the host or the embedder. */
  failure: { readonly reason: DecisionFailure; readonly message: string } | undefined;
  doneReported = false;
  /** True while it stands in the queue of streams to look at after the current callback. */
  queued = false;

  /** Outbound calls this stream started, and those of them still under way. */
  calls = 0;
  pendingCalls = 0;
  /** Made when first asked for. */
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

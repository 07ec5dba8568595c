import type { Decision, StreamRequest } from "./decision.ts";
import { HeaderTable } from "./header-table.ts";
import type { HeaderList } from "./services.ts";

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

/** The plugin's own context: start, configuration, ticks and replies to http calls. */
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
 * `running`: inside its creation or `on_request_headers`. `paused`: waits for the guest. `decided`: on its way out.
 * `awaiting_done`: `on_done` returned false, the guest will call `proxy_done`. `deleted`: no callback any more.
 */
type StreamPhase = "running" | "paused" | "decided" | "awaiting_done" | "deleted";

/**
 * One request. What the guest asks of it (continue, close, local response, done) is only noted here; it takes effect
 * after the guest has returned, so that the guest is never entered while it runs.
 */
export class StreamContext extends ContextBase {
  readonly kind = "stream";
  readonly requestHeaders: HeaderTable;
  readonly attributes: StreamRequest["attributes"];
  readonly startedMs: number;
  phase: StreamPhase = "running";

  resumeRequested = false;
  closeRequested = false;
  localResponse: LocalResponse | undefined;
  /** Why a local response could not be accepted. The guest meant to refuse, so the stream must not continue. */
  refusedResponse: string | undefined;
  /** The embedder gave the request up. */
  aborted = false;
  doneReported = false;
  /** True while it stands in the queue of streams to look at after the current callback. */
  queued = false;

  /** Outbound calls this stream started, and those of them still under way. */
  calls = 0;
  pendingCalls = 0;
  resolve: ((decision: Decision) => void) | undefined;
  stopWatching: (() => void) | undefined;

  constructor(id: number, request: StreamRequest, nowMs: number) {
    super(id);
    this.requestHeaders = new HeaderTable(request.headers);
    this.attributes = request.attributes;
    this.startedMs = nowMs;
  }
}

export type Context = RootContext | StreamContext;

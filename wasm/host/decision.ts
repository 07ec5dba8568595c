import type { HeaderChange, HeaderList } from "./header-table.ts";

/** The part of `AbortSignal` that the host uses. */
export interface AbortNotice {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

export interface StreamRequest {
  /** Pseudo headers first (:method :path :authority :scheme), then the headers in lower case. Not modified. */
  readonly headers: HeaderList;
  readonly endOfStream: boolean;
  /** Envoy attributes by dotted path ("xds.route_name", "source.address"), in addition to those derived from the headers. */
  readonly attributes?: Readonly<Record<string, string | number | boolean | Uint8Array>>;
  /** Aborts the stream: everything it waits for becomes `failed` with reason `aborted`. */
  readonly signal?: AbortNotice;
}

/** The filter's own response, in place of the message it was shown. */
export interface RespondOutcome {
  readonly kind: "respond";
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  /** The filter's machine-readable reason, possibly empty. */
  readonly details: string;
  readonly calls: number;
  readonly paused: boolean;
  readonly unserved?: true;
}

/** There is no decision. */
export interface FailedOutcome {
  readonly kind: "failed";
  readonly reason: DecisionFailure;
  readonly message: string;
  /** What the filter logged last, with levels: after a trap its last lines, otherwise those about this stream. */
  readonly lastLines?: readonly string[];
  readonly calls: number;
  readonly paused: boolean;
}

/** The message must not be forwarded. */
export type Refusal = RespondOutcome | FailedOutcome;

/**
 * The outcome for the headers of one request or response.
 * `calls`: outbound calls this stream started so far. `paused`: the filter did not answer at once.
 * `unserved`: during this stream the filter asked for something that the host does not have (`HostServices.unserved`), or for a
 * cluster at its start or in a tick.
 */
export type Decision =
  | {
      readonly kind: "continue";
      readonly changes: HeaderChange[];
      /** What the filter has set on the stream with `proxy_set_property`, by dotted path. Undefined if it has set nothing. */
      readonly properties?: ReadonlyMap<string, Uint8Array> | undefined;
      readonly calls: number;
      readonly paused: boolean;
      readonly unserved?: true;
    }
  | Refusal;

/** The outcome for a part of a body. */
export type BodyOutcome =
  | {
      readonly kind: "continue";
      /** Bytes to forward: everything held back and this chunk, as the filter left them. May be borrowed: do not modify. */
      readonly body: Uint8Array;
      /** Set only if the headers were held back until now: forward them with these changes, before the body. */
      readonly headerChanges?: HeaderChange[];
    }
  /** Forward nothing: the filter waits for more of the body, or for something else. More chunks may follow. */
  | { readonly kind: "buffer" }
  | Refusal;

export type TrailersOutcome =
  | {
      readonly kind: "continue";
      readonly changes: HeaderChange[];
      /** The part of the body that was held back; forward it before the trailers. */
      readonly body: Uint8Array;
      /** As in BodyOutcome. */
      readonly headerChanges?: HeaderChange[];
    }
  | Refusal;

/** Why there is no decision. The embedder must refuse in every case (fail closed). */
export type DecisionFailure =
  /** The guest trapped or exited, during this request or another; the instance must be replaced. */
  | "trap"
  | "proc_exit"
  /** The instance was closed before the filter decided. */
  | "closed"
  /** The filter reset the stream (`proxy_close_stream`). */
  | "stream_closed"
  /** The filter's local response was not valid (status, header injection, size). */
  | "invalid_local_response"
  /** The filter set a header that would have broken out of its line (header injection). */
  | "invalid_header"
  /** The filter held back too much of a response whose headers had already been forwarded. */
  | "body_too_large"
  /** `StreamRequest.signal`, or `HttpStream.end` before the filter had decided. */
  | "aborted"
  /** The stream was refused or is over. */
  | "ended"
  /** `HOST_LIMITS.openStreams`. */
  | "too_many_streams";

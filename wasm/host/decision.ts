import type { HeaderList } from "./header-list.ts";
import type { HeaderChange } from "./header-table.ts";

/** What the host needs of an `AbortSignal`; any of them will do. */
export interface AbortNotice {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

export interface StreamRequest {
  /** Pseudo headers first: :method :path :authority :scheme, then the request's headers in lower case. Not changed. */
  readonly headers: HeaderList;
  readonly endOfStream: boolean;
  /** Envoy attributes by dotted path ("xds.route_name", "source.address"), beside those derived from the headers. */
  readonly attributes?: Readonly<Record<string, string | number | boolean | Uint8Array>>;
  /** Gives the stream up: whatever it waits for is decided as `failed` with reason `aborted`. */
  readonly signal?: AbortNotice;
}

/** The filter's own response instead of the message it was shown. */
export interface RespondOutcome {
  readonly kind: "respond";
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  /** Machine-readable reason the filter gave, possibly empty. */
  readonly details: string;
  readonly calls: number;
  readonly paused: boolean;
}

/** There is no decision. */
export interface FailedOutcome {
  readonly kind: "failed";
  readonly reason: DecisionFailure;
  readonly message: string;
  readonly calls: number;
  readonly paused: boolean;
}

/** The message does not go on. */
export type Refusal = RespondOutcome | FailedOutcome;

/**
 * What becomes of the headers of one request or response.
 * `calls`: outbound calls this stream itself started so far. `paused`: the filter did not answer at once.
 */
export type Decision =
  | { readonly kind: "continue"; readonly changes: HeaderChange[]; readonly calls: number; readonly paused: boolean }
  | Refusal;

/** What becomes of a part of a body. */
export type BodyOutcome =
  | {
      readonly kind: "continue";
      /** What goes on now: all that was held back, and this chunk, as the filter left them. May be lent: not changed. */
      readonly body: Uint8Array;
      /** Only where the headers were held back until now: they go on with these changes, before the body. */
      readonly headerChanges?: HeaderChange[];
    }
  /** Nothing goes on: the filter waits for more of the body, or for something else. More chunks may be handed in. */
  | { readonly kind: "buffer" }
  | Refusal;

export type TrailersOutcome =
  | {
      readonly kind: "continue";
      readonly changes: HeaderChange[];
      /** What was held back of the body; goes on before the trailers. */
      readonly body: Uint8Array;
      /** As in BodyOutcome. */
      readonly headerChanges?: HeaderChange[];
    }
  | Refusal;

/** Why there is no decision. Every one of them must be answered as a refusal (fail closed). */
export type DecisionFailure =
  /** The guest trapped or exited, for this request or another; the instance must be replaced. */
  | "trap"
  | "proc_exit"
  /** The instance was closed before the filter decided. */
  | "closed"
  /** The filter reset the stream (`proxy_close_stream`). */
  | "stream_closed"
  /** The filter's local response was not valid (status, header injection, size). */
  | "invalid_local_response"
  /** The filter set a header that would have broken out of its line. */
  | "invalid_header"
  /** The filter held back more of a response than is allowed when its head was already on the way. */
  | "body_too_large"
  /** `StreamRequest.signal`, or `HttpStream.end` while the filter still had something to decide. */
  | "aborted"
  /** The stream was refused or is over; its rest has nobody to decide on it. */
  | "ended"
  /** `HOST_LIMITS.openStreams`. */
  | "too_many_streams";

import type { HeaderChange } from "../wasm/host/index.ts";
import type { FlatHeaders } from "./flat-headers.ts";
import type { SentBody } from "./request/sent-body.ts";
import type { RequestTrace } from "./request-trace.ts";

/**
 * Version of the contract between the Worker and a service's object. The two may briefly come from different deployments, so
 * every request carries its version. An object that does not know the version refuses, and the Worker fails closed.
 *
 * On the way, the question is a text, and so is the answer `continue` (see rpc-text.ts).
 */
export const RPC_VERSION = 6;

/** The head of a request that needs a decision. */
export interface DecideRequest {
  /** Version of the Worker's configuration, for error messages. */
  readonly configVersion: string;
  readonly service: string;
  /** Version of the service's configuration in the Worker, which selected the headers to send. */
  readonly serviceVersion: string;
  /** The headers that the Worker looked for, if it did not select them with its own configuration. */
  readonly sentHeaders?: readonly string[] | "all";
  readonly method: string;
  /** Path as received, canonical, with the prefix of the service. */
  readonly path: string;
  /** Query as received, with its question mark; empty if there is none. */
  readonly query: string;
  readonly host: string;
  readonly scheme: "http" | "https";
  /** Names in lower case. */
  readonly headers: FlatHeaders;
  readonly source: { readonly address: string };
  /** True if the request has no body. */
  readonly endOfStream: boolean;
  /**
   * What the Worker has done with the credential (`WorkerTask`), in which case `authorization` is what the Worker says, not the
   * client. Empty if it has not looked for one.
   */
  readonly doneInWorker: readonly string[];
  /** Not in the question's text (request-trace.ts). */
  readonly trace?: RequestTrace | undefined;
  /** The first bytes of the body, for a check that sees them. Not in the question's text either; a header names them. */
  readonly requestBody?: Uint8Array | undefined;
  /** The same, once the object has found their name. */
  readonly body?: SentBody | undefined;
}

/** The request may pass to the upstream with these changes to its headers. No further stage follows. */
export interface Continue {
  readonly kind: "continue";
  readonly changes: readonly HeaderChange[];
  /** How long the same question may be answered so without asking again, in ms; 0: not at all. */
  readonly freshForMs: number;
  /** Where it comes from; sent only if the decision is logged. Undefined in answers of earlier deployments. */
  readonly by?: AllowedBy | undefined;
  /** What the client gets besides the upstream's response (`clientHeaders`). An allow with them is never fresh. */
  readonly forClient?: FlatHeaders | undefined;
}

/**
 * `cache`: answered at once. `server`: the filter made a call. `coalesced`: it waited, for another request's call for example.
 * `fail_open`: undecided, because the filter does not start. `unchecked`: the filter asked for something that the gateway does not
 * have, and let the request pass.
 */
export type AllowedBy = "cache" | "server" | "coalesced" | "fail_open" | "unchecked";

/** Stages of this exchange for the filter, according to the object's configuration; the Worker's may differ. */
export interface ExchangeStages {
  readonly requestBody: boolean;
  readonly response: boolean;
  readonly responseBody: boolean;
}

/**
 * The object's configuration needs headers that the Worker did not send, so the Worker must ask again with these. Without them
 * the filter would decide on a request that the client did not send.
 */
export interface NeedsHeaders {
  readonly kind: "needs_headers";
  /** Names in lower case. */
  readonly headers: string[] | "all";
}

/** The filter's own response to the client, or no decision at all. */
export type DenyResult = LocalResponse | Unavailable;

export interface LocalResponse {
  readonly kind: "respond";
  readonly status: number;
  readonly headers: FlatHeaders;
  readonly body: Uint8Array;
  /** The filter's machine-readable reason. */
  readonly details: string;
}

/** No decision could be made; the client gets 503 with this reason. */
export interface Unavailable {
  readonly kind: "unavailable";
  readonly reason: UnavailableReason;
  /** For the operator's log, never for the client. */
  readonly message: string;
}

export type UnavailableReason =
  | "object_unreachable"
  | "rpc_version"
  | "unknown_service"
  /** The Worker and the object come from different deployments and cannot agree on a configuration. */
  | "configuration_mismatch"
  /** The filter does not start; the reason is in /stats. */
  | "filter_start_failed"
  /** The filter trapped during this request, or ended it without a decision. */
  | "filter_failed"
  /** The filter trapped more than once before, and is paused. */
  | "filter_backoff"
  /** The filter paused the request and did not resume it in time. */
  | "filter_timeout"
  | "secret_missing"
  /** The Worker has no binding to its objects. */
  | "object_binding_missing"
  /** A variable of the configuration has no value, or an invalid one. */
  | "variable_unusable"
  | "internal_error";

export interface ResponseHead {
  readonly status: number;
  readonly headers: FlatHeaders;
  /** True if the response has no body. */
  readonly endOfStream: boolean;
}

/** A message that passes after its stages. */
export interface ForwardedMessage {
  readonly kind: "continue";
  /** For a request only after `body_first`; otherwise they came with the head. */
  readonly changes: HeaderChange[];
  /**
   * The whole body, or a stream of the parts that pass. For a streamed request, `Exchange.requestRefusal` then reports how it
   * ended. Null if the filter does not see the body, or there is none.
   */
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
}

import type { HeaderChange } from "../wasm/host/index.ts";
import type { FlatHeaders } from "./flat-headers.ts";

/**
 * The contract between the Worker and a service's object. The two may come from different deployments for a while, so
 * every message carries its version; an object that does not know it refuses, and the Worker fails closed.
 */
export const RPC_VERSION = 2;

/** The head of a request to be decided on. */
export interface DecideRequest {
  readonly v: number;
  /** Version of the configuration the Worker runs with; named where the object cannot make sense of the question. */
  readonly configVersion: string;
  readonly service: string;
  /** Version of the service's configuration in the Worker: it chose the headers that are sent. */
  readonly serviceVersion: string;
  /** Which headers were looked for, where the Worker did not choose them by its own configuration. */
  readonly sentHeaders?: readonly string[] | "all";
  readonly method: string;
  /** Path as received, canonical, with the prefix of the service. */
  readonly path: string;
  /** Query as received, with its question mark; empty where there is none. */
  readonly query: string;
  readonly host: string;
  readonly scheme: "http" | "https";
  /** Names in lower case. */
  readonly headers: FlatHeaders;
  readonly source: { readonly address: string };
  /** True where the request has no body. */
  readonly endOfStream: boolean;
}

/** The request may go on to the upstream, with these changes to its headers. Nothing further is to be asked. */
export interface Continue {
  readonly kind: "continue";
  readonly changes: HeaderChange[];
}

/** What the filter is to see of this exchange, by the object's own configuration; the Worker's may be another one. */
export interface ExchangeStages {
  readonly requestBody: boolean;
  readonly response: boolean;
  readonly responseBody: boolean;
}

/**
 * The object's configuration needs headers that the Worker's did not send: it is to be asked again with these. Without them
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
  /** Machine-readable reason, as the filter gave it. */
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
  /** Worker and object are of different deployments, and cannot agree on what to decide by. */
  | "configuration_mismatch"
  /** The filter does not start; the reason is in /stats. */
  | "filter_start_failed"
  /** The filter trapped during this request, or ended it in a way that is no decision. */
  | "filter_failed"
  /** The filter trapped before, more than once, and pauses. */
  | "filter_backoff"
  /** The filter kept the request waiting and never came back to it. */
  | "filter_timeout"
  | "secret_missing"
  | "internal_error";

export interface ResponseHead {
  readonly status: number;
  readonly headers: FlatHeaders;
  /** True where the response has no body. */
  readonly endOfStream: boolean;
}

/** What goes on of a message after its stages. */
export interface ForwardedMessage {
  readonly kind: "continue";
  /** Of a request only after `body_first`; else they came with the head. */
  readonly changes: HeaderChange[];
  /**
   * The whole body, or what passes of it while it arrives; of a request `Exchange.requestRefusal` then tells how it
   * ended. Null where the filter is not to see the body, or there is none.
   */
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
}

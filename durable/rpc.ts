import type { HeaderChange } from "../wasm/host/index.ts";

/**
 * The contract between the Worker and a service's object. The two may come from different deployments for a while, so
 * every message carries its version; an object that does not know it refuses, and the Worker fails closed.
 */
export const RPC_VERSION = 1;

/** The head of a request to be decided on. Bodies never travel. */
export interface Ask {
  readonly v: number;
  /** Version of the configuration the Worker runs with; named where the object cannot make sense of the question. */
  readonly configVersion: string;
  readonly service: string;
  readonly method: string;
  /** Path as received, canonical, with the prefix of the service. */
  readonly path: string;
  /** Query as received, with its question mark; empty where there is none. */
  readonly query: string;
  readonly host: string;
  readonly scheme: "http" | "https";
  /** Flat `name, value, name, value, …`, names in lower case: half the cost of pairs to serialize. */
  readonly headers: readonly string[];
  readonly source: { readonly address: string };
  /** True where the request has no body. */
  readonly endOfStream: boolean;
}

export type Answer = Continue | Respond | Unavailable;

/** The request may go on to the upstream, with these changes to its headers. */
export interface Continue {
  readonly kind: "continue";
  readonly changes: HeaderChange[];
}

/** The filter's own response to the client. */
export interface Respond {
  readonly kind: "respond";
  readonly status: number;
  /** Flat, as in the question. */
  readonly headers: string[];
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
  | "filter_start_failed"
  | "filter_failed"
  | "secret_missing"
  | "internal_error";

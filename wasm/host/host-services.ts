import type { LogLevel } from "./abi.ts";
import type { StreamRequest } from "./decision.ts";
import type { HeaderList } from "./header-table.ts";
import type { SharedState } from "./shared-state.ts";

/** Supplied by the embedder. All of it outlives an instance, and none of it may call into an instance. */
export interface HostServices {
  /** Wall clock, milliseconds since 1970 (may be fractional). */
  nowMs(): number;
  /** One line of the filter's log, without a line end. */
  log(level: LogLevel, message: string): void;
  /** Lines below this level are dropped before they are read out of the guest; default `"trace"`. */
  readonly minimumLogLevel?: LogLevel;
  /** True if outbound calls to this upstream name are possible. */
  hasCluster(name: string): boolean;
  /** Makes one outbound call. Never rejects; failures are values. */
  httpCall(call: OutboundCall): Promise<OutboundResult>;
  /** Fills `into` with random bytes; at most 65,536 at a time. */
  randomBytes(into: Uint8Array): void;
  /** Shared data, queues and metrics, which survive a restart of the filter. */
  readonly shared: SharedState;
}

/** An outbound call as requested by the guest (`proxy_http_call`). */
export interface OutboundCall {
  readonly cluster: string;
  /** 0: the guest set none. */
  readonly timeoutMs: number;
  /** Contains `:method`, `:path` and `:authority`. */
  readonly headers: HeaderList;
  /** A copy that the embedder may keep. */
  readonly body: Uint8Array<ArrayBuffer>;
  readonly trailers: HeaderList;
  /** Attributes of the request that makes the call; undefined for calls of the root. */
  readonly attributes?: StreamRequest["attributes"];
}

export type OutboundResult =
  /** `headers` begin with `[":status", "200"]`. */
  | { readonly ok: true; readonly headers: HeaderList; readonly body: Uint8Array; readonly trailers: HeaderList }
  | { readonly ok: false; readonly reason: OutboundFailure };

/**
 * Why no reply came. The guest reads it with `proxy_get_status` as `(11, reason)`.
 * `reset` and `timeout`: this call got no answer. `unreachable`: the server answers no one. `failing`: it fails for all
 * clients. `suspended`: it may be down; calls are held back until that is known. `rate_limited`: the client may not cause
 * another call now. `overflow`: the gateway's own queue was full. `rejected`: the call could not be built or its reply not
 * be accepted, which says nothing about the server.
 */
export type OutboundFailure =
  | "reset"
  | "timeout"
  | "unreachable"
  | "failing"
  | "suspended"
  | "overflow"
  | "rate_limited"
  | "rejected";

import type { LogLevel } from "./abi.ts";
import type { StreamRequest } from "./decision.ts";
import type { HeaderList } from "./header-list.ts";
import type { SharedState } from "./shared-state.ts";

/** What the embedder supplies. All of it outlives an instance, and none of it may call into an instance. */
export interface HostServices {
  /** Wall clock, milliseconds since 1970 (may be fractional). */
  nowMs(): number;
  /** One line of the filter's log, without a line end. */
  log(level: LogLevel, message: string): void;
  /** Lines below this level are dropped before they are read out of the guest; default `"trace"`. */
  readonly minimumLogLevel?: LogLevel;
  /** True if an http call to this upstream name can be made. */
  hasCluster(name: string): boolean;
  /** Performs one outbound call. Never rejects; failures are values. */
  httpCall(call: OutboundCall): Promise<OutboundResult>;
  /** Fills all of `into` with random bytes; at most 65,536 at a time. */
  randomBytes(into: Uint8Array): void;
  /** Shared data, queues and metrics, which survive a restart of the filter. */
  readonly shared: SharedState;
}

/** An http call as the guest asked for it (`proxy_http_call`). */
export interface OutboundCall {
  readonly cluster: string;
  /** 0: the guest set none. */
  readonly timeoutMs: number;
  /** Holds `:method`, `:path` and `:authority`. */
  readonly headers: HeaderList;
  /** A copy, the embedder's to keep. */
  readonly body: Uint8Array<ArrayBuffer>;
  readonly trailers: HeaderList;
  /** Of the request whose stream makes the call; undefined for calls of the root. */
  readonly attributes?: StreamRequest["attributes"];
}

export type OutboundResult =
  /** `headers` begin with `[":status", "200"]`. */
  | { readonly ok: true; readonly headers: HeaderList; readonly body: Uint8Array; readonly trailers: HeaderList }
  | { readonly ok: false; readonly reason: OutboundFailure };

/**
 * Why no reply came; the guest reads it by `proxy_get_status` as `(11, reason)`.
 * `reset` and `timeout`: this call got no answer. `unreachable`: the server answers nobody. `failing`: it fails for
 * everybody. `suspended`: it may be down, and calls are held back until that is known.
 * `rate_limited`: the client may not bring about one more call now. `overflow`: our own queue was full. `rejected`: the call could not be built or its reply not be taken, which says
 * nothing about the server.
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

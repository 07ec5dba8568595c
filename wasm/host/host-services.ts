import type { LogLevel, LogThreshold } from "./abi.ts";
import type { StreamRequest } from "./decision.ts";
import type { HeaderList } from "./header-table.ts";
import type { SharedState } from "./shared-state.ts";

/** Supplied by the embedder. All of it outlives an instance, and none of it may call into an instance. */
export interface HostServices {
  /** Wall clock, milliseconds since 1970 (may be fractional). */
  nowMs(): number;
  /** One line of the filter's log, without a line end. */
  log(level: LogLevel, message: string): void;
  /**
   * Lines of the guest below this level are dropped; default `"trace"`. Lines of the host about the guest, such as its trap,
   * are logged at any level.
   */
  readonly minimumLogLevel?: LogThreshold;
  /** True if outbound calls to this upstream name are possible. */
  hasCluster(name: string): boolean;
  /** Makes one outbound call. Never rejects; failures are values. */
  httpCall(call: OutboundCall): Promise<OutboundResult>;
  /** Fills `into` with random bytes; at most 65,536 at a time. */
  randomBytes(into: Uint8Array): void;
  /**
   * For tools that watch a filter: called after each host function, with its status. It slows every call down.
   * @param asked the property (with NULs between its segments) or foreign function that the call names
   */
  hostCalled?(module: string, name: string, status: number, asked: string | undefined): void;
  /** Shared data, queues and metrics, which survive a restart of the filter. */
  readonly shared: SharedState;
  /**
   * Answers `proxy_call_foreign_function`: the function's result, or undefined if there is none of that name (NOT_FOUND). If it
   * throws, the guest gets INTERNAL_FAILURE. Default: there are none. Results beyond `HOST_LIMITS.foreignFunctionBytes` are
   * INTERNAL_FAILURE too.
   * @param argument a copy that the embedder may keep
   */
  foreignFunction?(name: string, argument: Uint8Array): Uint8Array | undefined;
  /**
   * The guest asked for something that this host does not have. It got a status and may go on as if it had been allowed to: so
   * the embedder should say that to somebody. Called for each such call, however often.
   */
  unserved?(call: UnservedCall): void;
}

/** A host call that could not be served. */
export interface UnservedCall {
  /**
   * `cluster`: an http call to an upstream for which `hasCluster` is false. `function`: a function that this host does not
   * implement (gRPC, or one outside the ABI). `foreign_function`: one that the embedder does not have.
   */
  readonly what: "cluster" | "function" | "foreign_function";
  /** As the guest wrote it: any text of up to `HOST_LIMITS.textBytes`; empty if it is longer. */
  readonly name: string;
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

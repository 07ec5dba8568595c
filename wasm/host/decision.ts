import type { HeaderChange } from "./header-table.ts";
import type { HeaderList } from "./services.ts";

export interface StreamRequest {
  /** Pseudo headers first: :method :path :authority :scheme, then the request's headers in lower case. Not changed. */
  readonly headers: HeaderList;
  readonly endOfStream: boolean;
  /** Envoy attributes by dotted path ("xds.route_name", "source.address"), beside those derived from the headers. */
  readonly attributes?: Readonly<Record<string, string | number | boolean | Uint8Array>>;
  /** Gives a paused request up: it is decided as `failed` with reason `aborted`. */
  readonly signal?: AbortSignal;
}

/** What becomes of one request. `calls`: outbound calls this request itself started. */
export type Decision =
  | { kind: "continue"; changes: HeaderChange[]; calls: number; paused: boolean }
  | {
      kind: "respond";
      status: number;
      headers: HeaderList;
      body: Uint8Array;
      /** Machine-readable reason the filter gave, possibly empty. */
      details: string;
      calls: number;
      paused: boolean;
    }
  | { kind: "failed"; reason: DecisionFailure; message: string; calls: number; paused: boolean };

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
  /** `StreamRequest.signal`. */
  | "aborted"
  /** `HOST_LIMITS.openStreams`. */
  | "too_many_streams";

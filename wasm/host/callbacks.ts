import type { GuestFunction } from "./callback-scope.ts";
import type { Stages } from "./stages.ts";

/** The callbacks this host calls. All are optional. */
export const CALLBACK_NAMES = [
  "proxy_on_context_create",
  "proxy_on_vm_start",
  "proxy_on_configure",
  "proxy_on_tick",
  "proxy_on_request_headers",
  "proxy_on_request_body",
  "proxy_on_request_trailers",
  "proxy_on_response_headers",
  "proxy_on_response_body",
  "proxy_on_response_trailers",
  "proxy_on_http_call_response",
  "proxy_on_queue_ready",
  "proxy_on_done",
  "proxy_on_log",
  "proxy_on_delete",
] as const;

/** ABI callbacks for features this host does not support: TCP, gRPC calls, foreign functions. Never called. */
export const UNCALLED_NAMES = [
  "proxy_on_new_connection",
  "proxy_on_downstream_data",
  "proxy_on_upstream_data",
  "proxy_on_downstream_connection_close",
  "proxy_on_upstream_connection_close",
  "proxy_on_grpc_receive_initial_metadata",
  "proxy_on_grpc_receive",
  "proxy_on_grpc_receive_trailing_metadata",
  "proxy_on_grpc_close",
  "proxy_on_foreign_function",
] as const;

export type Callbacks = { readonly [Name in (typeof CALLBACK_NAMES)[number]]?: GuestFunction };

/** The callbacks of a closed filter: none. */
export const NO_CALLBACKS: Callbacks = {};

/** The callback for a part of a message, unless that stage is off for the stream. */
export function messageCallback(
  callbacks: Callbacks,
  stages: Stages,
  direction: "request" | "response",
  part: "headers" | "body" | "trailers",
): GuestFunction | undefined {
  if (direction === "request") {
    if (part === "headers") return callbacks.proxy_on_request_headers;
    if (part === "body") return stages.requestBody ? callbacks.proxy_on_request_body : undefined;
    return stages.requestTrailers ? callbacks.proxy_on_request_trailers : undefined;
  }
  if (part === "headers") return stages.responseHeaders ? callbacks.proxy_on_response_headers : undefined;
  if (part === "body") return stages.responseBody ? callbacks.proxy_on_response_body : undefined;
  return stages.responseTrailers ? callbacks.proxy_on_response_trailers : undefined;
}

export function callbacksOf(exports: WebAssembly.Exports): Callbacks {
  const callbacks: { -readonly [Name in keyof Callbacks]: Callbacks[Name] } = {};
  for (const name of CALLBACK_NAMES) {
    const callback = exportedFunction(exports, name);
    if (callback !== undefined) callbacks[name] = callback;
  }
  if (callbacks.proxy_on_done !== undefined) callbacks.proxy_on_done = doneUnlessRefused(callbacks.proxy_on_done);
  return callbacks;
}

/** Some guests declare `proxy_on_done` without a result. That means "done": they would never call `proxy_done`. */
function doneUnlessRefused(done: GuestFunction): GuestFunction {
  return (context) => done(context) ?? 1;
}

export function exportedFunction(exports: WebAssembly.Exports, name: string): GuestFunction | undefined {
  const value: unknown = exports[name];
  return isFunction(value) ? value : undefined;
}

function isFunction(value: unknown): value is GuestFunction {
  return typeof value === "function";
}

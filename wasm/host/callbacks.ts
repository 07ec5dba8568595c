import type { GuestFunction } from "./callback-scope.ts";

/** The callbacks of the request-headers life. All are optional; only those exported are called. */
const CALLBACK_NAMES = [
  "proxy_on_context_create",
  "proxy_on_vm_start",
  "proxy_on_configure",
  "proxy_on_tick",
  "proxy_on_request_headers",
  "proxy_on_http_call_response",
  "proxy_on_done",
  "proxy_on_log",
  "proxy_on_delete",
] as const;

export type Callbacks = { readonly [Name in (typeof CALLBACK_NAMES)[number]]?: GuestFunction };

/** A filter without callbacks: what is left of one that was closed. */
export const NO_CALLBACKS: Callbacks = {};

export function callbacksOf(exports: WebAssembly.Exports): Callbacks {
  const callbacks: { -readonly [Name in keyof Callbacks]: Callbacks[Name] } = {};
  for (const name of CALLBACK_NAMES) {
    const callback = exportedFunction(exports, name);
    if (callback !== undefined) callbacks[name] = callback;
  }
  return callbacks;
}

export function exportedFunction(exports: WebAssembly.Exports, name: string): GuestFunction | undefined {
  const value: unknown = exports[name];
  return isFunction(value) ? value : undefined;
}

function isFunction(value: unknown): value is GuestFunction {
  return typeof value === "function";
}

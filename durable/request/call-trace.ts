import type { OutboundCall } from "../../wasm/host/index.ts";
import type { RequestTrace } from "../request-trace.ts";

/** The attribute with a request's trace. Filters cannot name a symbol, so none can read it. */
export const TRACE_ATTRIBUTE = Symbol("trace");

/** The trace of the request that caused a call; undefined if there is none, as for calls of ticks. */
export function traceOfCall({ attributes }: Pick<OutboundCall, "attributes">): RequestTrace | undefined {
  return (attributes as { readonly [TRACE_ATTRIBUTE]?: RequestTrace } | undefined)?.[TRACE_ATTRIBUTE];
}

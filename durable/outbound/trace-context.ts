import { type HeaderList, HOST_LIMITS, type OutboundCall } from "../../wasm/host/index.ts";
import type { TraceContext } from "../request-trace.ts";
import type { CallOutcome } from "./send-call.ts";

/**
 * Sends a call as part of its client's trace. Cached decisions and calls in progress serve requests of other traces, so a reply
 * that varies by trace must not be kept: the filter, which has not sent these headers, learns that from `Vary: *`.
 *
 * @param context undefined if there is none
 */
export function sendInTrace(
  call: OutboundCall,
  context: TraceContext | undefined,
  send: (call: OutboundCall) => Promise<CallOutcome>,
): Promise<CallOutcome> {
  // The filter may send the client's own (`unkeyedHeaders`).
  if (context === undefined || has(call.headers, "traceparent")) return send(call);
  const headers: HeaderList = [...call.headers, ["traceparent", context.traceparent]];
  if (context.tracestate !== "" && !has(call.headers, "tracestate")) headers.push(["tracestate", context.tracestate]);
  // A trace must not be what makes a call too long to be sent.
  return sizeOf(headers) > HOST_LIMITS.callHeadBytes ? send(call) : send({ ...call, headers }).then(unsharedIfItVaries);
}

/** As `buildRequest` counts. */
function sizeOf(headers: HeaderList): number {
  return headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}

function has(headers: HeaderList, wanted: string): boolean {
  return headers.some(([name]) => name.toLowerCase() === wanted);
}

const TRACE_HEADERS = /(?:^|,)\s*trace(?:parent|state)\s*(?:,|$)/i;

function unsharedIfItVaries(outcome: CallOutcome): CallOutcome {
  if (outcome.kind !== "answer") return outcome;
  const varies = outcome.headers.some(([name, value]) => name === "vary" && TRACE_HEADERS.test(value));
  return varies ? { ...outcome, headers: [...outcome.headers, ["vary", "*"]] } : outcome;
}

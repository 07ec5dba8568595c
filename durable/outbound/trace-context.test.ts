import { describe, expect, it } from "vitest";
import { type HeaderList, HOST_LIMITS, type OutboundCall } from "../../wasm/host/index.ts";
import type { CallOutcome } from "./send-call.ts";
import { sendInTrace } from "./trace-context.ts";

const CONTEXT = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "a=1" };
const CALL = { headers: [[":method", "GET"]] as HeaderList } as OutboundCall;

/** The headers that were sent, and the outcome, if the server replies with these. */
async function sent(call: OutboundCall, context = CONTEXT, replied: HeaderList = []) {
  let headers: HeaderList = [];
  const outcome = await sendInTrace(call, context, async (traced): Promise<CallOutcome> => {
    headers = traced.headers;
    return { kind: "answer", status: 200, headers: replied, body: new Uint8Array(0) };
  });
  return { headers, replied: outcome.kind === "answer" ? outcome.headers : [] };
}

describe("a call", () => {
  it("has the client's trace context", async () => {
    const { headers } = await sent(CALL);
    expect(headers.slice(1)).toEqual([
      ["traceparent", CONTEXT.traceparent],
      ["tracestate", "a=1"],
    ]);
    expect(CALL.headers).toHaveLength(1);
  });

  it("has no empty tracestate", async () => {
    const { headers } = await sent(CALL, { ...CONTEXT, tracestate: "" });
    expect(headers.slice(1)).toEqual([["traceparent", CONTEXT.traceparent]]);
  });

  it("keeps what the filter itself sends", async () => {
    const own: HeaderList = [["TraceParent", "own"]];
    expect((await sent({ ...CALL, headers: own })).headers).toEqual(own);
  });

  it("that a trace would make too long is sent without it", async () => {
    const own: HeaderList = [["x-long", "x".repeat(HOST_LIMITS.callHeadBytes - 60)]];
    expect((await sent({ ...CALL, headers: own })).headers).toEqual(own);
  });

  it("of a client without a trace is sent as it is", async () => {
    const same = await sendInTrace(CALL, undefined, async (call) => {
      expect(call).toBe(CALL);
      return { kind: "silence" };
    });
    expect(same).toEqual({ kind: "silence" });
  });
});

describe("a reply", () => {
  it.each(["traceparent", "Accept, TraceState", "tracestate ,accept"])(
    "whose Vary is %j is for one trace",
    async (vary) => {
      expect((await sent(CALL, CONTEXT, [["vary", vary]])).replied).toEqual([
        ["vary", vary],
        ["vary", "*"],
      ]);
    },
  );

  it.each(["accept", "x-traceparent", "traceparent-x", ""])("whose Vary is %j is for all", async (vary) => {
    expect((await sent(CALL, CONTEXT, [["vary", vary]])).replied).toEqual([["vary", vary]]);
  });
});

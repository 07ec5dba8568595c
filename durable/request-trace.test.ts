import { describe, expect, it } from "vitest";
import { decodeTrace, encodeTrace, traceContext, validRay } from "./request-trace.ts";

const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const contextOf = (traceparent: string, tracestate: string | null = null) => traceContext(traceparent, tracestate);

describe("a cf-ray", () => {
  it.each(["8f1c2a3b4d5e6f70-FRA", "8f1c2a3b4d5e6f70"])("%s is one", (ray) => expect(validRay(ray)).toBe(ray));

  it.each([
    null,
    "",
    "8f1c2a3b4d5e6f7",
    "8F1C2A3B4D5E6F70-FRA",
    "8f1c2a3b4d5e6f70-fra",
    "8f1c2a3b4d5e6f70-FRA\n",
    "8f1c2a3b4d5e6f70-FRA, 8f1c2a3b4d5e6f70-FRA",
    'secret","event":"trap',
  ])("%j is none", (ray) => expect(validRay(ray)).toBeNull());
});

describe("a traceparent", () => {
  it("is passed on as it is", () => {
    expect(contextOf(PARENT)).toEqual({ traceparent: PARENT, tracestate: "" });
    expect(contextOf(PARENT.replace("00-", "cc-"))).toBeDefined();
  });

  it.each([
    "",
    "secret",
    PARENT.toUpperCase(),
    PARENT.replace("00-", "ff-"),
    `${PARENT}-more`,
    ` ${PARENT}`,
    `${PARENT}\n`,
    `${PARENT}, ${PARENT}`,
    "00-00000000000000000000000000000000-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
  ])("%j is dropped", (traceparent) => expect(contextOf(traceparent, "a=1")).toBeUndefined());
});

describe("a tracestate", () => {
  it.each(["rojo=00f067aa0ba902b7", "rojo=1,congo=t61rcWkgMzE", "a=1 ,\tb@vendor=x y", `a=${"x".repeat(256)}`])(
    "%j is passed on",
    (tracestate) => expect(contextOf(PARENT, tracestate)).toEqual({ traceparent: PARENT, tracestate }),
  );

  it.each([
    "secret",
    "a=",
    "A=1",
    "a=1,,b=2",
    "a=1=2",
    "a=\u00e9",
    "a=1\nx",
    `a=${"x".repeat(257)}`,
    Array.from({ length: 33 }, (_, n) => `a${n}=1`).join(","),
    Array.from({ length: 5 }, (_, n) => `a${n}=${"x".repeat(128)}`).join(","),
  ])("%j is dropped, and the traceparent is not", (tracestate) =>
    expect(contextOf(PARENT, tracestate)).toEqual({ traceparent: PARENT, tracestate: "" }),
  );

  it("takes no time that grows with what a client sends", () => {
    const startedMs = performance.now();
    for (const text of [`${"a=1,".repeat(50_000)}`, `a=${" ".repeat(100_000)}`, "a".repeat(100_000)]) {
      expect(contextOf(PARENT, text)?.tracestate).toBe("");
    }
    expect(performance.now() - startedMs).toBeLessThan(100);
  });
});

describe("a trace beside a question", () => {
  it.each([
    { cfRay: "8f1c2a3b4d5e6f70-FRA", context: undefined, isLogged: false },
    { cfRay: null, context: undefined, isLogged: true },
    { cfRay: null, context: { traceparent: PARENT, tracestate: "" }, isLogged: false },
    { cfRay: "8f1c2a3b4d5e6f70", context: { traceparent: PARENT, tracestate: "a=1,b=2" }, isLogged: true },
  ])("arrives as it was sent: %j", (trace) => expect(decodeTrace(encodeTrace(trace))).toEqual(trace));

  it("is left out if there is nothing to say", () => {
    expect(encodeTrace({ cfRay: null, context: undefined, isLogged: false })).toBeUndefined();
    expect(decodeTrace(undefined)).toBeUndefined();
  });

  it.each<[unknown]>([[7], [{}], [null]])("of another deployment is not trusted: %j", (text) =>
    expect(decodeTrace(text)).toBeUndefined(),
  );

  it.each(["", "secret", "secret\nsecret\nsecret", "\n\n\n\n"])("of another deployment is checked: %j", (text) =>
    expect(decodeTrace(text)).toEqual({ cfRay: null, context: undefined, isLogged: false }),
  );
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Cluster } from "../config/index.ts";
import type { OutboundCall } from "../wasm/host/index.ts";
import { OUTBOUND_LIMITS, OutboundCalls, type Send } from "./outbound.ts";

const AUTH: Cluster = { url: "https://auth.example", authority: "auth.example", timeoutMs: 1_000, concurrency: 6 };

function call(fields: Partial<OutboundCall> = {}): OutboundCall {
  return {
    cluster: "auth",
    timeoutMs: 0,
    headers: [
      [":method", "GET"],
      [":path", "/check"],
      [":authority", "auth.example"],
    ],
    body: new Uint8Array(0),
    trailers: [],
    ...fields,
  };
}

/** A server whose answers the test gives when it likes. */
function server() {
  const asked: { url: string; init: RequestInit; answer: (response: Response | Error) => void }[] = [];
  const send: Send = (url, init) =>
    new Promise((resolve, reject) => {
      const answer = (response: Response | Error) => (response instanceof Error ? reject(response) : resolve(response));
      init.signal?.addEventListener("abort", () => reject(new Error("aborted")));
      asked.push({ url, init, answer });
    });
  return { asked, send };
}

function callsTo(send: Send, cluster: Cluster = AUTH) {
  return new OutboundCalls({ auth: cluster }, () => send);
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("an outbound call", () => {
  it("carries method, path, headers and body, follows no redirect and is kept by no cache", async () => {
    const { asked, send } = server();
    const headers: OutboundCall["headers"] = [
      [":method", "POST"],
      [":path", "/a?b"],
      ["x-one", "1"],
    ];
    const result = callsTo(send).call(call({ headers, body: new TextEncoder().encode("body") }));
    asked[0]!.answer(new Response("yes", { status: 201, headers: { "x-user": "ann" } }));
    const reply = await result;
    expect(asked[0]!.url).toBe("https://auth.example/a?b");
    expect(asked[0]!.init).toMatchObject({ method: "POST", redirect: "manual", cache: "no-store" });
    expect(new Headers(asked[0]!.init.headers).get("x-one")).toBe("1");
    expect(reply).toMatchObject({ ok: true, body: new TextEncoder().encode("yes") });
    expect(reply.ok && reply.headers[0]).toEqual([":status", "201"]);
    expect(reply.ok && reply.headers).toContainEqual(["x-user", "ann"]);
  });

  it("goes to the cluster's own host, whatever the filter puts into the path", async () => {
    const { asked, send } = server();
    const headers: OutboundCall["headers"] = [[":path", "//evil.example/x"]];
    callsTo(send).call(call({ headers }));
    expect(new URL(asked[0]!.url).host).toBe("auth.example");
  });

  it("gets every cookie of the reply on its own", async () => {
    const { asked, send } = server();
    const result = callsTo(send).call(call());
    const headers: [string, string][] = [
      ["set-cookie", "a=1; Path=/"],
      ["set-cookie", "b=2"],
    ];
    asked[0]!.answer(new Response(null, { headers }));
    const reply = await result;
    expect(reply.ok && reply.headers.filter(([name]) => name === "set-cookie")).toHaveLength(2);
  });

  it("that gets no answer is a reset", async () => {
    const { asked, send } = server();
    const result = callsTo(send).call(call());
    asked[0]!.answer(new Error("connection refused"));
    expect(await result).toEqual({ ok: false, reason: "reset" });
  });

  it("that cannot be built from what a client sent is no reset: that would open a gate", async () => {
    const { send } = server();
    const headers: OutboundCall["headers"] = [["x-bad", "a\nb"]];
    expect(await callsTo(send).call(call({ headers }))).toEqual({ ok: false, reason: "rejected" });
    const result = callsTo(() =>
      Promise.resolve(new Response(new Uint8Array(OUTBOUND_LIMITS.replyBodyBytes + 1))),
    ).call(call());
    expect(await result).toEqual({ ok: false, reason: "rejected" });
  });

  it("ends at the shorter of the filter's and the cluster's deadline", async () => {
    const { send } = server();
    const calls = callsTo(send);
    const brief = calls.call(call({ timeoutMs: 100 }));
    const greedy = calls.call(call({ timeoutMs: 1_000_000 }));
    await vi.advanceTimersByTimeAsync(101);
    expect(await brief).toEqual({ ok: false, reason: "timeout" });
    await vi.advanceTimersByTimeAsync(900);
    expect(await greedy).toEqual({ ok: false, reason: "timeout" });
  });

  it("to a cluster whose binding is missing does not exist for the filter", async () => {
    const calls = new OutboundCalls({ auth: AUTH }, () => undefined);
    expect(calls.has("auth")).toBe(false);
    expect(await calls.call(call())).toEqual({ ok: false, reason: "rejected" });
  });
});

describe("many outbound calls", () => {
  it("run at most six at once, in order, each as soon as there is a place", async () => {
    const { asked, send } = server();
    const calls = callsTo(send);
    const results = Array.from({ length: 9 }, (_, n) => calls.call(call({ headers: [[":path", `/${n}`]] })));
    expect(asked).toHaveLength(6);
    expect(calls.queued).toBe(3);
    asked[2]!.answer(new Response("done"));
    await results[2];
    expect(asked.at(-1)!.url).toBe("https://auth.example/6");
  });

  it("keep to their cluster's own limit without holding up another's", () => {
    const { asked, send } = server();
    const clusters = { one: { ...AUTH, concurrency: 1 }, two: { ...AUTH, url: "https://two.example" } };
    const calls = new OutboundCalls(clusters, () => send);
    for (const cluster of ["one", "one", "two"]) calls.call(call({ cluster }));
    expect(asked.map(({ url }) => new URL(url).host)).toEqual(["auth.example", "two.example"]);
  });

  it("that wait beyond their deadline fail by our own load, not as a server that is down", async () => {
    const { send } = server();
    const calls = callsTo(send);
    for (let n = 0; n < 6; n += 1) calls.call(call());
    const waiting = calls.call(call({ timeoutMs: 50 }));
    await vi.advanceTimersByTimeAsync(51);
    expect(await waiting).toEqual({ ok: false, reason: "overflow" });
    expect(calls.queued).toBe(0);
  });

  it("beyond a full queue fail at once", async () => {
    const { send } = server();
    const calls = callsTo(send);
    for (let n = 0; n < 6 + OUTBOUND_LIMITS.queuedCalls; n += 1) calls.call(call());
    expect(await calls.call(call())).toEqual({ ok: false, reason: "overflow" });
    expect(calls.queued).toBe(OUTBOUND_LIMITS.queuedCalls);
  });
});

/** A restart loses no decision: one instance's decisions move to the next, and nothing else is imported. */

import { describe, expect, it } from "vitest";
import { MIB, PAGE_BYTES } from "../byte-units.ts";
import {
  createSharedState,
  type Decision,
  inspectModule,
  type OutboundCall,
  type OutboundResult,
} from "../host/index.ts";
import {
  type AskOptions,
  configuration,
  filterModule,
  forwardAuth,
  Harness,
  type Json,
  largeFilterModule,
  noReply,
  outcome,
  reply,
  valuesOf,
} from "./testing/harness.ts";

const module = filterModule();

function plugin(changes: { [name: string]: Json } = {}, cache: { [name: string]: number } = {}) {
  return configuration({
    protocol: forwardAuth({ upstreamHeaders: ["x-user"] }),
    cache: { maxTtlMs: 600_000, denyTtlMs: 10_000, staleIfErrorMs: 0, maxBytes: 33_554_432, ...cache },
    ...changes,
  });
}

/** The new instance, at the same time and with the same authorization server. */
function successorOf(old: Harness, configured = plugin()): Harness {
  const next = new Harness(configured, module, old.shared);
  next.now = old.now;
  next.server = old.server;
  return next;
}

/** Moves everything available; returns the number of chunks. */
function moveAll(old: Harness, next: Harness): number {
  for (let chunks = 0; ; chunks += 1) {
    const step = old.handover.moveTo(next.handover);
    if (step.kind === "failed") throw new Error(step.message);
    if (step.kind === "up-to-date") return chunks;
  }
}

function handOver(old: Harness, configured = plugin()): Harness {
  const next = successorOf(old, configured);
  old.handover.begin(512 * MIB);
  moveAll(old, next);
  return next;
}

/** Copies of all chunks. */
function chunksOf(harness: Harness): Uint8Array[] {
  harness.handover.begin(512 * MIB);
  const chunks: Uint8Array[] = [];
  for (let step = harness.handover.next(); step.kind === "chunk"; step = harness.handover.next())
    chunks.push(step.bytes);
  harness.handover.end();
  return chunks;
}

/** True if a request would be a hit. A miss is refused, and nothing of it is kept. */
async function hits(harness: Harness, options: AskOptions): Promise<boolean> {
  const { server } = harness;
  const calls = harness.calls.length;
  harness.server = () => noReply("reset");
  await harness.ask(options);
  harness.server = server;
  return harness.calls.length === calls;
}

interface HeldCall {
  call: OutboundCall;
  answer: (result: OutboundResult) => Promise<void>;
}

/** A server that answers on the test's command; `answer` resolves once the filter has seen the reply. */
function hold(harness: Harness): HeldCall[] {
  const held: HeldCall[] = [];
  harness.server = (call) =>
    new Promise((resolve) =>
      held.push({
        call,
        answer: async (result) => {
          resolve(result);
          await new Promise((done) => setTimeout(done));
        },
      }),
    );
  return held;
}

/** The decision, or that there is none yet. */
async function now(decision: Decision | Promise<Decision>): Promise<string> {
  const none = new Promise<"waits">((resolve) => setTimeout(() => resolve("waits")));
  const first = await Promise.race([decision, none]);
  return first === "waits" ? first : outcome(first);
}

async function fill(harness: Harness, count: number, prefix = "t"): Promise<void> {
  for (let i = 0; i < count; i += 1) await harness.ask({ token: `${prefix}${i}` });
  harness.calls.length = 0;
}

describe("the module", () => {
  it("declares that it supports the handover", () => {
    expect(inspectModule(module).handover).toBe(true);
    expect(new Harness(plugin(), module).instance.handover).toBeDefined();
  });
});

describe("a snapshot", () => {
  it("moves all of 40,000 entries into a compact instance", { timeout: 120_000 }, async () => {
    const large = await largeFilterModule();
    const configured = plugin({}, { maxBytes: 512 * MIB, denyTtlMs: 1_000 });
    const old = new Harness(configured, large);
    const next = new Harness(configured, large);
    const fixed = next.instance.allocatedBytes;
    // Refusals in between are gone by the time of the handover, so that the old instance is fragmented.
    for (let i = 0; i < 40_000; i += 1) {
      old.server = () => reply(200, [["x-user", `user-${i}`]]);
      await old.ask({ token: `t${i}` });
      old.server = () => reply(403, [], "no".repeat(40));
      await old.ask({ token: `refused-${i}` });
      old.calls.length = 0;
    }
    old.advance(3_000);
    next.now = old.now;
    expect(old.metric("ebb_cache_entries")).toBe(40_000);
    const { allocatedBytes } = old.instance;

    old.handover.begin(512 * MIB);
    const chunks = moveAll(old, next);
    expect(chunks).toBeLessThan(100);
    expect(next.metric("ebb_cache_entries")).toBe(40_000);
    expect(next.metric("ebb_cache_inserts") || 0).toBe(0);
    const live = next.metric("ebb_cache_live_bytes");
    expect(live).toBe(old.metric("ebb_cache_live_bytes"));
    expect(next.instance.allocatedBytes).toBeLessThanOrEqual(1.15 * live + fixed + PAGE_BYTES);
    expect(next.instance.allocatedBytes).toBeLessThan(allocatedBytes / 2);
    for (let i = 0; i < 40_000; i += 997) {
      const decision = await next.ask({ token: `t${i}` });
      expect(valuesOf(decision, "x-user")).toEqual([`user-${i}`]);
    }
    expect(next.calls).toHaveLength(0);
  });

  it("keeps every expiry to the millisecond", async () => {
    const configured = plugin({}, { maxTtlMs: 60_000, denyTtlMs: 30_000, staleIfErrorMs: 20_000 });
    const old = new Harness(configured, module);
    await old.ask({ token: "allowed" });
    old.server = () => reply(403);
    await old.ask({ token: "denied" });
    old.now += 25_000;
    const next = handOver(old, configured);
    const both = async (token: string): Promise<boolean[]> => [await hits(old, { token }), await hits(next, { token })];
    const at = async (ms: number): Promise<void> => {
      old.now += ms;
      next.now += ms;
    };
    await at(4_999);
    expect(await both("denied")).toEqual([true, true]);
    await at(1);
    expect(await both("denied")).toEqual([false, false]);
    await at(29_999);
    expect(await both("allowed")).toEqual([true, true]);
    await at(1);
    expect(await both("allowed")).toEqual([false, false]);
    next.server = () => noReply("unreachable");
    await at(19_999);
    expect(outcome(await next.ask({ token: "allowed" }))).toBe("continue");
    await at(1);
    expect(outcome(await next.ask({ token: "allowed" }))).toBe("503 authorization_server_unreachable");
  });

  it("moves entries that may only be served stale, and no dropped ones", async () => {
    const configured = plugin({}, { maxTtlMs: 60_000, staleIfErrorMs: 20_000 });
    const old = new Harness(configured, module);
    await old.ask({ token: "stale" });
    old.server = () => reply(403);
    await old.ask({ token: "over" });
    old.now += 70_000;
    const next = handOver(old, configured);
    expect(next.metric("ebb_cache_entries")).toBe(1);
    next.server = () => noReply("unreachable");
    expect(outcome(await next.ask({ token: "stale" }))).toBe("continue");
    next.now += 10_000;
    expect(outcome(await next.ask({ token: "stale" }))).toBe("503 authorization_server_unreachable");
  });

  it("moves refusals with their headers and bodies", async () => {
    const old = new Harness(plugin(), module);
    const body = "b".repeat(5_000);
    old.server = () => reply(403, [["content-type", "text/plain"]], body);
    const before = await old.ask({ token: "a" });
    const next = handOver(old);
    expect(await next.ask({ token: "a" })).toEqual({ ...before, calls: 0, paused: false });
    expect(next.calls).toHaveLength(0);
  });

  it("keeps the order of use", async () => {
    const small = plugin({}, { maxBytes: 5 * PAGE_BYTES });
    const old = new Harness(small, module);
    const capacity = 1_169;
    await fill(old, capacity);
    await old.ask({ token: "t0" });
    const next = handOver(old, small);
    expect(next.metric("ebb_cache_entries")).toBe(capacity);
    await next.ask({ token: "new" });
    expect(await hits(next, { token: "t0" })).toBe(true);
    expect(await hits(next, { token: "t2" })).toBe(true);
    expect(await hits(next, { token: "t1" })).toBe(false);
  });

  it.each([20, 40, 60])("moves the newest first into a budget of %i pages", async (pages) => {
    const old = new Harness(plugin(), module);
    for (let i = 0; i < 9_000; i += 1) {
      old.server = () => reply(200, i % 2 ? [] : [["x-user", "v".repeat(i % 1_300)]]);
      await old.ask({ token: `t${i}` });
    }
    const next = successorOf(old);
    old.handover.begin(pages * PAGE_BYTES + 1);
    moveAll(old, next);
    const moved = next.metric("ebb_cache_entries");
    expect(moved).toBeGreaterThan(100);
    expect(moved).toBeLessThan(9_000);
    expect(next.instance.allocatedBytes).toBeLessThanOrEqual(pages * PAGE_BYTES);
    expect(next.instance.allocatedBytes).toBeGreaterThanOrEqual((pages - 2) * PAGE_BYTES);
    expect(await hits(next, { token: `t${9_000 - moved}` })).toBe(true);
    expect(await hits(next, { token: `t${9_000 - moved - 1}` })).toBe(false);
  });

  it("moves nothing into an empty budget except new decisions", async () => {
    const old = new Harness(plugin(), module);
    await fill(old, 100);
    const next = successorOf(old);
    old.handover.begin(0);
    moveAll(old, next);
    expect(next.metric("ebb_cache_entries")).toBe(0);
    await old.ask({ token: "new" });
    moveAll(old, next);
    expect(await hits(next, { token: "new" })).toBe(true);
  });

  it("can be started again for another instance", async () => {
    const old = new Harness(plugin(), module);
    await fill(old, 5_000);
    old.handover.begin(512 * MIB);
    old.handover.moveTo(successorOf(old).handover);
    const next = handOver(old);
    expect(next.metric("ebb_cache_entries")).toBe(5_000);
  });

  it("exports nothing before it begins and after it ends", async () => {
    const old = new Harness(plugin(), module);
    await fill(old, 10);
    expect(old.handover.next()).toEqual({ kind: "up-to-date" });
    old.handover.begin(512 * MIB);
    old.handover.end();
    old.handover.purgeAll();
    expect(old.handover.next()).toEqual({ kind: "up-to-date" });
  });
});

describe("while a snapshot moves", () => {
  it("new, renewed and removed decisions reach the new instance", async () => {
    const old = new Harness(plugin(), module);
    await fill(old, 6_000);
    const next = successorOf(old);
    old.handover.begin(512 * MIB);
    expect(old.handover.moveTo(next.handover).kind).toBe("moved");
    // t1 has moved, t5999 has not.
    old.now += 600_000 - 1;
    next.now = old.now;
    await old.ask({ token: "t1" });
    await old.ask({ token: "new" });
    old.now += 1;
    next.now = old.now;
    old.server = () => reply(200, [["x-user", "renewed"]]);
    await old.ask({ token: "t2" });
    old.server = () => reply(200, [["cache-control", "no-store"]]);
    await old.ask({ token: "t3" });
    expect(moveAll(old, next)).toBeGreaterThan(0);
    expect(await hits(next, { token: "new" })).toBe(true);
    expect(valuesOf(await next.ask({ token: "t2" }), "x-user")).toEqual(["renewed"]);
    expect(await hits(next, { token: "t1" })).toBe(false);
    expect(await hits(next, { token: "t3" })).toBe(false);
    expect(await hits(next, { token: "t5999" })).toBe(false);
  });

  it("more removals than fit into the log start it over, and none is lost", async () => {
    const old = new Harness(plugin(), module);
    await fill(old, 3_000);
    const next = handOver(old);
    old.now += 1_000;
    next.now = old.now;
    // While a reply is fresh there is no second call for its key, so they expire first.
    old.now += 600_000;
    old.server = () => reply(200, [["cache-control", "no-store"]]);
    for (let i = 0; i < 400; i += 1) await old.ask({ token: `t${i}` });
    old.server = () => reply(200);
    await fill(old, 50, "new");
    // The new instance's clock stands still: only imported records remove anything.
    expect(await hits(next, { token: "t1" })).toBe(true);
    moveAll(old, next);
    expect(next.metric("ebb_cache_entries")).toBe(50);
    expect(await hits(next, { token: "t1" })).toBe(false);
    expect(await hits(next, { token: "new49" })).toBe(true);
  });

  it("a hit that moves an entry in the order of use loses neither it nor another", async () => {
    const old = new Harness(plugin(), module);
    await fill(old, 6_000);
    const next = successorOf(old);
    old.handover.begin(512 * MIB);
    for (let at = 0; old.handover.moveTo(next.handover).kind === "moved"; at += 1) {
      if (at > 5) continue;
      for (let i = at; i < 6_000; i += 7) await old.ask({ token: `t${i}` });
    }
    expect(next.metric("ebb_cache_entries")).toBe(6_000);
  });

  it("the gauges are those of the instance that serves", async () => {
    const shared = createSharedState();
    const old = new Harness(plugin(), module, shared);
    await fill(old, 100);
    const next = successorOf(old);
    old.handover.begin(512 * MIB);
    moveAll(old, next);
    expect(shared.metrics.value("ebb_cache_entries")).toBe(100);
    const held = hold(old);
    void old.ask({ token: "late" });
    moveAll(old, next);
    await next.ask({ token: "first" });
    expect(shared.metrics.value("ebb_cache_entries")).toBe(101);
    await held[0]?.answer(reply(403));
    moveAll(old, next);
    expect(shared.metrics.value("ebb_cache_entries")).toBe(102);
  });
});

describe("across the switch", () => {
  async function switched(configured = plugin()) {
    const old = new Harness(configured, module);
    const oldCalls = hold(old);
    const first = old.ask({ token: "abc" });
    const next = successorOf(old, configured);
    const newCalls = hold(next);
    old.handover.begin(512 * MIB);
    moveAll(old, next);
    old.onReply = () => moveAll(old, next);
    return { old, next, first, oldCalls, newCalls };
  }

  it("a pending call is shared", async () => {
    const { next, first, oldCalls, newCalls } = await switched();
    const late = [next.ask({ token: "abc" }), next.ask({ token: "abc" })];
    const other = next.ask({ token: "other" });
    expect(newCalls).toHaveLength(1);
    await oldCalls[0]?.answer(reply(200, [["x-user", "ada"]]));
    for (const decision of [first, ...late]) expect(valuesOf(await decision, "x-user")).toEqual(["ada"]);
    expect(next.instance.openStreams).toBe(1);
    expect(await hits(next, { token: "abc" })).toBe(true);
    expect(await now(other)).toBe("waits");
  });

  it("so is its refusal", async () => {
    const { next, oldCalls, newCalls } = await switched();
    const late = next.ask({ token: "abc" });
    await oldCalls[0]?.answer(reply(403));
    expect(await now(late)).toBe("403 denied");
    expect(newCalls).toHaveLength(0);
  });

  it.each<[string, OutboundResult]>([
    ["fails", noReply("timeout")],
    ["may not be kept", reply(200, [["cache-control", "no-store"]])],
    ["is for one client", reply(302, [["set-cookie", "login=1"]])],
  ])("if its reply %s, the first waiter makes a call for all others too", async (_, result) => {
    const { next, oldCalls, newCalls } = await switched();
    const late = [next.ask({ token: "abc" }), next.ask({ token: "abc" })];
    await oldCalls[0]?.answer(result);
    expect(newCalls).toHaveLength(1);
    late.push(next.ask({ token: "abc" }));
    expect(newCalls).toHaveLength(1);
    await newCalls[0]?.answer(reply(200));
    expect(await Promise.all(late.map(now))).toEqual(["continue", "continue", "continue"]);
    expect(await hits(next, { token: "abc" })).toBe(true);
  });

  it("no request waits for an abandoned instance", async () => {
    const { old, next, newCalls } = await switched();
    const late = [next.ask({ token: "abc" }), next.ask({ token: "abc" })];
    old.instance.close();
    next.handover.abandon();
    expect(newCalls).toHaveLength(1);
    await newCalls[0]?.answer(reply(200));
    expect(await Promise.all(late.map(now))).toEqual(["continue", "continue"]);
    expect(next.instance.openStreams).toBe(0);
    // The place is free again, too.
    next.handover.abandon();
    void next.ask({ token: "def" });
    expect(newCalls).toHaveLength(2);
  });

  it("no call is made for a request that is aborted meanwhile", async () => {
    const { next, oldCalls, newCalls } = await switched();
    const gone = new AbortController();
    const late = next.ask({ token: "abc", signal: gone.signal });
    gone.abort();
    expect(await now(late)).toMatch(/^failed aborted/);
    await oldCalls[0]?.answer(noReply("timeout"));
    expect(newCalls).toHaveLength(0);
  });

  it("a new instance can hand over in turn, with the call still pending", async () => {
    const { old, next, oldCalls } = await switched();
    const late = next.ask({ token: "abc" });
    const third = successorOf(next);
    hold(third);
    next.handover.begin(512 * MIB);
    moveAll(next, third);
    const latest = third.ask({ token: "abc" });
    old.onReply = () => {
      moveAll(old, next);
      moveAll(next, third);
    };
    await oldCalls[0]?.answer(reply(200));
    expect([await now(late), await now(latest)]).toEqual(["continue", "continue"]);
    expect(third.calls).toHaveLength(0);
  });

  it("256 pending calls, each key requested again, cost no second call", async () => {
    const old = new Harness(plugin(), module);
    const oldCalls = hold(old);
    for (let i = 0; i < 256; i += 1) void old.ask({ token: `t${i}`, client: `c${i}` });
    const next = handOver(old);
    old.onReply = () => moveAll(old, next);
    hold(next);
    const late = Array.from({ length: 256 }, (_, i) => next.ask({ token: `t${i}`, client: `c${i}` }));
    expect(next.calls).toHaveLength(0);
    for (const { answer } of oldCalls) void answer(reply(200));
    expect((await Promise.all(late)).map(outcome)).toEqual(late.map(() => "continue"));
  });
});

describe("a purge", () => {
  const credentials = [
    { from: "authorization", schemes: ["bearer", "basic"] },
    { from: "header", name: "x-key" },
  ];

  it("of a credential drops all its decisions, and nothing else", async () => {
    const harness = new Harness(plugin({ credentials }), module);
    const requests: AskOptions[] = [
      { token: "revoked" },
      { token: "revoked", method: "POST" },
      { token: "revoked", path: "/other" },
      { headers: [["x-key", "revoked"]] },
      { headers: [["authorization", "Basic revoked"]] },
    ];
    for (const request of requests) await harness.ask(request);
    await harness.ask({ token: "revokee" });
    await harness.ask({ token: "good" });
    expect(harness.handover.purgeCredential("revoked")).toBe(5);
    for (const request of requests) expect(await hits(harness, request)).toBe(false);
    expect(await hits(harness, { token: "revokee" })).toBe(true);
    expect(await hits(harness, { token: "good" })).toBe(true);
    expect(harness.handover.purgeCredential("revoked")).toBe(0);
    expect(harness.handover.purgeCredential("x".repeat(100_000))).toBe(0);
    expect(harness.handover.purgeCredential("")).toBe(0);
  });

  it("of everything drops everything, including stale entries", async () => {
    const harness = new Harness(plugin({}, { maxTtlMs: 1_000, staleIfErrorMs: 60_000 }), module);
    await fill(harness, 1_000);
    harness.now += 2_000;
    expect(harness.handover.purgeAll()).toBe(1_000);
    expect(harness.metric("ebb_cache_entries")).toBe(0);
    harness.server = () => noReply("unreachable");
    expect(outcome(await harness.ask({ token: "t1" }))).toBe("503 authorization_server_unreachable");
  });

  it.each<[string, (harness: Harness) => unknown]>([
    ["all", (harness) => harness.handover.purgeAll()],
    ["the credential", (harness) => harness.handover.purgeCredential("abc")],
  ])("of %s overrides the pending call: it is repeated for all waiters", async (_, purge) => {
    const harness = new Harness(plugin(), module);
    const held = hold(harness);
    const waiting = [harness.ask({ token: "abc" })];
    purge(harness);
    waiting.push(harness.ask({ token: "abc" }));
    expect(held).toHaveLength(1);
    await held[0]?.answer(reply(200));
    expect(await now(waiting[0]!)).toBe("waits");
    expect(held).toHaveLength(2);
    await held[1]?.answer(reply(403));
    expect(await Promise.all(waiting.map(now))).toEqual(["403 denied", "403 denied"]);
    expect(harness.metric("ebb_cache_entries")).toBe(1);
  });

  it("of another credential does not", async () => {
    const harness = new Harness(plugin(), module);
    const held = hold(harness);
    const waiting = harness.ask({ token: "abc" });
    harness.handover.purgeCredential("abd");
    await held[0]?.answer(reply(200));
    expect(await now(waiting)).toBe("continue");
  });

  it("keeps no reply of a call without waiters", async () => {
    const harness = new Harness(plugin(), module);
    const held = hold(harness);
    const gone = new AbortController();
    void harness.ask({ token: "abc", signal: gone.signal });
    gone.abort();
    harness.handover.purgeCredential("abc");
    await held[0]?.answer(reply(200));
    expect(held).toHaveLength(1);
    expect(harness.metric("ebb_cache_entries")).toBe(0);
  });

  it("between two calls of one decision starts over with the first", async () => {
    const configured = plugin({
      protocol: {
        type: "authzen",
        cluster: "decisions",
        authority: "pdp.example.com",
        path: "/evaluation",
        timeoutMs: 2_000,
        subject: {
          cluster: "auth",
          authority: "as.example.com",
          path: "/introspect",
          timeoutMs: 2_000,
          clientAuthentication: { type: "none" },
        },
      },
    });
    const harness = new Harness(configured, module);
    const held = hold(harness);
    const waiting = harness.ask({ token: "abc" });
    await held[0]?.answer(reply(200, [], { active: true, sub: "ada" }));
    expect(held[1]?.call.cluster).toBe("decisions");
    harness.handover.purgeCredential("abc");
    await held[1]?.answer(reply(200, [], { decision: true }));
    expect(held[2]?.call.cluster).toBe("auth");
    await held[2]?.answer(reply(200, [], { active: false }));
    expect(await now(waiting)).toBe("401 token_inactive");
  });

  it("during a snapshot applies to the new instance, whatever has moved", async () => {
    const old = new Harness(plugin(), module);
    for (let i = 0; i < 3_000; i += 1) {
      await old.ask({ token: `t${i}` });
      await old.ask({ token: "revoked", path: `/${i}` });
    }
    const next = successorOf(old);
    old.handover.begin(512 * MIB);
    old.handover.moveTo(next.handover);
    old.handover.purgeCredential("revoked");
    await old.ask({ token: "revoked", path: "/again" });
    moveAll(old, next);
    expect(next.metric("ebb_cache_entries")).toBe(3_001);
    expect(await hits(next, { token: "revoked", path: "/0" })).toBe(false);
    expect(await hits(next, { token: "revoked", path: "/again" })).toBe(true);
    old.handover.purgeAll();
    await old.ask({ token: "t5" });
    moveAll(old, next);
    expect(next.metric("ebb_cache_entries")).toBe(1);
    expect(await hits(next, { token: "t5" })).toBe(true);
  });

  it("after the switch overrides the old instance's call", async () => {
    const old = new Harness(plugin(), module);
    const oldCalls = hold(old);
    const first = old.ask({ token: "abc" });
    const next = handOver(old);
    old.onReply = () => moveAll(old, next);
    const late = next.ask({ token: "abc" });
    for (const harness of [old, next]) harness.handover.purgeCredential("abc");
    await oldCalls[0]?.answer(reply(200));
    expect([await now(first), await now(late)]).toEqual(["waits", "waits"]);
    await oldCalls[1]?.answer(reply(403));
    expect([await now(first), await now(late)]).toEqual(["403 denied", "403 denied"]);
    expect(next.calls).toHaveLength(0);
  });
});

describe("a stored snapshot", () => {
  it("is imported with the remaining lifetime", async () => {
    const old = new Harness(plugin({}, { denyTtlMs: 10_000 }), module);
    await old.ask({ token: "allowed" });
    old.server = () => reply(403);
    await old.ask({ token: "denied" });
    old.now += 5_000;
    const chunks = chunksOf(old);
    const late = new Harness(plugin(), module);
    late.now = old.now + 300_000;
    for (const chunk of chunks) expect(late.handover.take(chunk)).toEqual({ ok: true });
    expect(late.metric("ebb_cache_entries")).toBe(1);
    expect(await hits(late, { token: "allowed" })).toBe(true);
    late.now += 295_000 - 1;
    expect(await hits(late, { token: "allowed" })).toBe(true);
    late.now += 1;
    expect(await hits(late, { token: "allowed" })).toBe(false);
  });

  it("gains no lifetime from a clock that was set back", async () => {
    const old = new Harness(plugin(), module);
    await old.ask({ token: "abc" });
    old.now += 500_000;
    const [chunk] = chunksOf(old);
    const next = new Harness(plugin(), module);
    next.now = old.now - 3_600_000;
    next.handover.take(chunk!);
    next.now += 99_999;
    expect(await hits(next, { token: "abc" })).toBe(true);
    next.now += 1;
    expect(await hits(next, { token: "abc" })).toBe(false);
  });

  it("can be followed by a purge", async () => {
    const old = new Harness(plugin(), module);
    await old.ask({ token: "abc" });
    await old.ask({ token: "def" });
    old.handover.begin(512 * MIB);
    const stored = [old.handover.next()];
    old.handover.purgeCredential("abc");
    stored.push(old.handover.next());
    const next = successorOf(old);
    for (const step of stored) expect(step.kind === "chunk" && next.handover.take(step.bytes).ok).toBe(true);
    expect(await hits(next, { token: "abc" })).toBe(false);
    expect(await hits(next, { token: "def" })).toBe(true);
  });

  it.each<[string, { [name: string]: Json }]>([
    ["version of the configuration", { configVersion: "v2" }],
    ["service", { service: "invoices" }],
    ["set of upstream headers", { protocol: forwardAuth({ upstreamHeaders: ["x-other"] }) }],
    ["digest key", { digestKey: "f".repeat(32) }],
  ])("for another %s is refused as a whole", async (_, changes) => {
    const old = new Harness(plugin(), module);
    await fill(old, 10);
    const other = new Harness(plugin(changes), module);
    for (const chunk of chunksOf(old)) {
      expect(other.handover.take(chunk)).toEqual({ ok: false, reason: "other_configuration" });
    }
    expect(other.metric("ebb_cache_entries")).toBe(0);
  });
});

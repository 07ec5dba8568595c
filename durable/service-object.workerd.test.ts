import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { ask, checksOf, pass, settled, statsOf, testEnv } from "../test/workerd/client.ts";
import { SharedData } from "../wasm/host/index.ts";
import { encodeTrace } from "./request-trace.ts";
import { RPC_VERSION } from "./rpc.ts";
import { decodeContinue, encodeAsk } from "./rpc-text.ts";
import { MAX_STORED_SHARED_DATA_BYTES, storedSharedData } from "./storage/stored-shared-data.ts";

const MINUTE = 60_000;

describe("the decision cache in the object", () => {
  it("answers a second request without asking the authorization server", async () => {
    await ask("/orders/1", "allow-cached");
    await ask("/orders/2", "allow-cached");
    expect(await checksOf("allow-cached")).toBe(1);
  });

  it("keeps a denial for a short time only", async () => {
    await ask("/orders/1", "deny-cached");
    pass(9_000);
    await ask("/orders/1", "deny-cached");
    expect(await checksOf("deny-cached")).toBe(1);
    pass(2_000);
    await ask("/orders/1", "deny-cached");
    expect(await checksOf("deny-cached")).toBe(2);
  });

  it("separates the decisions of different rules", async () => {
    await ask("/orders/1", "allow-rules");
    await ask("/orders/admin/1", "allow-rules");
    expect(await checksOf("allow-rules")).toBe(2);
  });

  it("forgets expired decisions, counted from the write", async () => {
    await ask("/orders/1", "allow-expiring");
    pass(9 * MINUTE);
    await ask("/orders/1", "allow-expiring");
    pass(MINUTE + 2_000);
    await ask("/orders/1", "allow-expiring");
    expect(await checksOf("allow-expiring")).toBe(2);
  });

  it("obeys the reply's max-age and no-store", async () => {
    await ask("/orders/1", "brief-1");
    pass(7_000);
    await ask("/orders/1", "brief-1");
    expect(await checksOf("brief-1")).toBe(2);
    await ask("/orders/1", "unstored-1");
    await ask("/orders/1", "unstored-1");
    expect(await checksOf("unstored-1")).toBe(2);
  });

  it("makes one call for many simultaneous misses", async () => {
    const responses = await Promise.all(Array.from({ length: 50 }, () => ask("/orders/1", "slow-crowd")));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await checksOf("slow-crowd")).toBe(1);
  });

  it("limits concurrent calls and still answers every request", async () => {
    const responses = await Promise.all(Array.from({ length: 24 }, (_, n) => ask("/orders/1", `slow-${n}`)));
    expect(responses.every(({ status }) => status === 200)).toBe(true);
  });
});

/** Load in virtual time: `users` new users every second. */
async function load(seconds: number, users: number, prefix: string): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    const all = Array.from({ length: users }, (_, n) => ask("/ebbing", `big-${prefix}-${second}-${n}`));
    for (const { status } of await Promise.all(all)) expect(status).toBe(200);
    pass(1_000);
    await settled();
  }
}

describe("the restart in place", () => {
  it("frees what the load no longer needs, and answers every request meanwhile", async () => {
    await load(80, 20, "rise");
    const risen = await statsOf("ebbing");
    expect(risen).toMatchObject({ phase: "collecting", restartCount: 0 });
    await load(100, 1, "fall");

    const fallen = await statsOf("ebbing");
    expect(fallen.restartCount).toBeGreaterThan(0);
    const [first] = fallen.restarts;
    expect(first).toMatchObject({ reason: "required_fell", generation: 1, allocatedBeforeBytes: risen.allocatedBytes });
    // Live entries are handed over; the rest of the memory is freed as the load falls further.
    expect(first!.allocatedAfterBytes).toBeLessThan(risen.allocatedBytes);
    expect(fallen.allocatedBytes).toBeLessThan(risen.allocatedBytes / 2);
    expect((await ask("/ebbing", "deny-after")).status).toBe(403);
  });

  it("reports the estimate, the real bytes, and the result of the paper's rule", async () => {
    await load(20, 20, "told");
    const stats = await statsOf("ebbing");
    expect(stats.sources).toMatchObject({ required: "estimated", baseline: "estimated" });
    expect(stats.bytesPerEntry).toBeGreaterThan(1_500);
    expect(stats.bytesPerEntry).toBeLessThan(4_000);
    expect(stats.growthRule).toEqual({ kind: "pages" });
    expect(stats.surplusBytes).toBe(stats.allocatedBytes - stats.requiredBytes);
    expect(stats.liveBytes).toBe(stats.filterMetrics.ebb_cache_live_bytes);
    expect(stats.liveBytes).toBeGreaterThan(0.5 * (stats.requiredBytes - stats.fixedBytes!));
    expect(stats.liveBytes).toBeLessThan(stats.allocatedBytes);
    expect(stats.creditCalls).toBeGreaterThan(0);
    expect(stats.restartPriceCalls).toBeGreaterThanOrEqual(0);
    expect(Object.keys(stats.ratio)).toEqual(["ttlMs", "requiredBytes", "baselineBytes", "verdict"]);
    expect(stats.ratio.verdict).toMatchObject({ reason: expect.any(String) });
    expect(stats.policy).toBe("measured");
  });

  it("lets requests that wait for a call finish on the old instance, and keeps their decisions", async () => {
    const stub = testEnv.SERVICE_OBJECT.getByName("orders");
    await ask("/orders/1", "allow-before");
    const waiting = ask("/orders/1", "slow-while-restarting");
    const { generation } = await statsOf("orders");
    // While the call is in progress.
    await runInDurableObject(stub, async (object) => object.restart("test"));
    expect((await waiting).status).toBe(200);
    expect(await checksOf("slow-while-restarting")).toBe(1);
    expect((await statsOf("orders")).generation).toBe(generation + 1);
    await ask("/orders/1", "allow-before");
    expect(await checksOf("allow-before")).toBe(1);
  });
});

describe("an evicted object", () => {
  it("comes back with its learned state and an empty cache", async () => {
    await ask("/orders/1", "allow-evicted");
    pass(MINUTE + 1_000);
    await ask("/orders/1", "allow-evicted");
    await settled();
    const before = await statsOf("orders");
    expect(before.collectedMs).toBeGreaterThanOrEqual(MINUTE);

    await evictDurableObject(testEnv.SERVICE_OBJECT.getByName("orders"));
    expect(await statsOf("orders")).toMatchObject({ startReason: null, allocatedBytes: 0 });
    await ask("/orders/1", "allow-evicted");

    const after = await statsOf("orders");
    expect(after).toMatchObject({ startReason: "eviction", generation: before.generation + 1 });
    expect(after.collectedMs).toBeGreaterThanOrEqual(before.collectedMs);
    expect(after.requests).toBeGreaterThan(before.requests);
    expect(await checksOf("allow-evicted")).toBe(2);
  });

  it("lists why each instance started, even before the eviction", async () => {
    const stub = testEnv.SERVICE_OBJECT.getByName("answering");
    const askAndWrite = async () => {
      pass(MINUTE + 1_000);
      await ask("/answering", "allow-started");
      await settled();
    };
    await askAndWrite();
    await runInDurableObject(stub, (object) => object.restart("test"));
    await askAndWrite();
    await evictDurableObject(stub);
    await askAndWrite();
    await evictDurableObject(stub);
    await runInDurableObject(stub, async (_, { storage }) => {
      const learned = JSON.parse(String(storage.kv.get("learned")));
      storage.kv.put("learned", JSON.stringify({ ...learned, deployment: `${learned.configVersion} another-version` }));
    });
    await ask("/answering", "allow-started");

    const { starts, samples, generation, startReason } = await statsOf("answering");
    expect(starts.map(({ generation, reason }) => [generation, reason])).toEqual([
      [1, "first_request"],
      [2, "restart"],
      [3, "eviction"],
      [4, "deployment"],
    ]);
    expect([generation, startReason]).toEqual([4, "deployment"]);
    const reasons = samples.map((sample) => starts.find((start) => start.generation === sample.generation)?.reason);
    expect(new Set(reasons)).toEqual(new Set(["first_request", "restart", "eviction"]));
  });

  it("restores its filter's shared data", async () => {
    const reason = async (headers = {}) => {
      pass(MINUTE + 1_000);
      const response = await ask("/barring", undefined, { headers });
      await settled();
      return response.headers.get("x-ebb-reason");
    };
    expect(await reason()).toBeNull();
    expect(await reason({ "x-bar": "all" })).toBe("barred");
    await evictDurableObject(testEnv.SERVICE_OBJECT.getByName("barring"));
    expect(await reason()).toBe("barred");
    expect(await statsOf("barring")).toMatchObject({ startReason: "eviction" });
  });

  it("has room in its storage for all shared data that it keeps", async () => {
    const sharedData = new SharedData();
    sharedData.set("largest", new Uint8Array(MAX_STORED_SHARED_DATA_BYTES - 15), 0);
    await runInDurableObject(testEnv.SERVICE_OBJECT.getByName("barring"), async (_, { storage }) => {
      const stored = storedSharedData(sharedData, "v1");
      expect(stored.snapshot).toHaveLength(MAX_STORED_SHARED_DATA_BYTES);
      await storage.put("largest", stored);
      await storage.delete("largest");
    });
  });

  it("stores no shared data if the filter sets none", async () => {
    await runInDurableObject(testEnv.SERVICE_OBJECT.getByName("orders"), (_, { storage }) => {
      expect(Array.from(storage.kv.list(), ([key]) => key)).toEqual(["counters", "learned", "samples", "writtenAtMs"]);
    });
  });
});

describe("a service that is evicted after every request", () => {
  it("still finishes its collection, and keeps its counters and generations", async () => {
    const stub = testEnv.SERVICE_OBJECT.getByName("listed");
    for (let life = 0; life < 16; life += 1) {
      expect((await ask("/listed/open", `allow-quiet-${life}`)).status).toBe(200);
      await settled();
      await evictDurableObject(stub);
      pass(15_000);
    }
    await ask("/listed/open", "allow-quiet-last");
    await settled();
    const stats = await statsOf("listed");
    expect(stats.phase).toBe("judging");
    // Each life stores its start together with the request that caused it.
    expect(stats).toMatchObject({ requests: 17, outbound: 17, generation: 17 });
    expect(stats.starts).toHaveLength(17);
  });
});

describe("ticks", () => {
  it("free expired decisions without a request for them", async () => {
    for (let n = 0; n < 40; n += 1) await ask("/stripped", `allow-ticked-${n}`);
    await settled();
    const entries = async () => (await statsOf("stripped")).filterMetrics.ebb_cache_entries;
    expect(await entries()).toBeGreaterThanOrEqual(40);
    pass(11 * MINUTE);
    await ask("/stripped", "allow-after-the-others");
    await settled();
    expect(await entries()).toBeLessThan(5);
  });
});

describe("the versioned RPC", () => {
  it("refuses a version or a service it does not know, as a value", async () => {
    const stub = testEnv.SERVICE_OBJECT.getByName("orders");
    const message = {
      configVersion: "other",
      serviceVersion: "other",
      sentHeaders: ["authorization"],
      service: "orders",
      method: "GET",
      path: "/orders/1",
      query: "",
      host: "gateway.test",
      scheme: "https" as const,
      headers: ["authorization", "Bearer allow-rpc"],
      source: { address: "" },
      endOfStream: true,
      doneInWorker: [],
    };
    const ask = encodeAsk(message);
    expect(decodeContinue((await stub.decide(RPC_VERSION, ask)) as string)).toMatchObject({
      kind: "continue",
      freshForMs: 0,
    });
    const trace = encodeTrace({ cfRay: null, context: undefined, isLogged: true });
    const logged = await stub.decide(RPC_VERSION, ask, trace);
    expect(decodeContinue(logged as string)).toMatchObject({ by: "cache" });
    for (const unreadable of ["", "\n\n\n\n", 7, {}]) {
      const answer = await stub.decide(RPC_VERSION, ask, unreadable as string);
      expect(decodeContinue(answer as string)).toMatchObject({ kind: "continue", by: undefined });
    }
    const refused = { kind: "unavailable", reason: "rpc_version" };
    expect(await stub.decide(RPC_VERSION - 1, ask)).toMatchObject(refused);
    expect(await stub.decide(RPC_VERSION + 1, ask)).toMatchObject(refused);
    expect(await stub.decide(RPC_VERSION, "no question")).toMatchObject(refused);
    expect(await (stub.decide as (version: number) => Promise<unknown>)(RPC_VERSION)).toMatchObject(refused);
    // As earlier versions of the Worker asked.
    expect(await (stub.decide as (ask: unknown) => Promise<unknown>)({ ...message, v: 2 })).toMatchObject(refused);
    const other = encodeAsk({ ...message, service: "stripped" });
    expect(await stub.decide(RPC_VERSION, other)).toMatchObject({ reason: "unknown_service" });
  });
});

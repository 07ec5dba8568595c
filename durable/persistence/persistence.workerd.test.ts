import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { ask, checksOf, pass, settled, statsOf, testEnv } from "../../test/workerd/client.ts";

import { isolateSnapshot, thisIsolate } from "../memory/isolate.ts";

/** Persisted decisions in the real runtime and its storage. */

const MINUTE = 60_000;
const stub = () => testEnv.SERVICE_OBJECT.getByName("persisted");
const tokens = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

async function statusesOf(all: readonly string[]): Promise<number[]> {
  return (await Promise.all(all.map((token) => ask("/persisted", token)))).map(({ status }) => status);
}

async function checksOfAll(all: readonly string[]): Promise<number[]> {
  return Promise.all(all.map(checksOf));
}

async function persistence() {
  const { persistence: told } = await statsOf("persisted");
  if (told?.state !== "on") throw new Error(`nothing is persisted: ${told?.state}`);
  return told;
}

/** Waits until the write that a request caused is done. */
async function written(): Promise<void> {
  const before = (await persistence()).writtenAtMs;
  pass(MINUTE + 1_000);
  await ask("/persisted", `allow-writer-${crypto.randomUUID()}`);
  await expect.poll(async () => (await persistence()).writtenAtMs).not.toBe(before);
}

async function evicted(): Promise<void> {
  await settled();
  await evictDurableObject(stub());
}

const purge = (body: object) =>
  ask("/stats/purge", "operator-token-of-tests", {
    method: "POST",
    body: JSON.stringify({ service: "persisted", ...body }),
  });

/** Values in the object's storage under a prefix. */
function storedUnder(prefix: string): Promise<Map<string, unknown>> {
  return runInDurableObject(stub(), (_, { storage }) => storage.list({ prefix }));
}

describe("a service that persists its decisions", () => {
  it("restores them after eviction without new checks", async () => {
    const all = tokens("allow-warm", 50);
    await statusesOf(all);
    await written();
    await evicted();
    expect(await statusesOf(all)).toEqual(all.map(() => 200));
    expect(await checksOfAll(all)).toEqual(all.map(() => 1));
    expect((await persistence()).waking).toMatchObject({ outcome: "restored" });
    expect(await statsOf("persisted")).toMatchObject({ startReason: "eviction" });
  });

  it("does not extend their lifetime", async () => {
    await statusesOf(["allow-ageing"]);
    await written();
    await evicted();
    pass(9 * MINUTE);
    await statusesOf(["allow-ageing"]);
    expect(await checksOf("allow-ageing")).toBe(2);
  });

  it("restores their headers, too", async () => {
    const first = await (await ask("/persisted", "big-headers")).json();
    await written();
    await evicted();
    expect(await (await ask("/persisted", "big-headers")).json()).toEqual(first);
    expect(await checksOf("big-headers")).toBe(1);
  });

  it("stores no readable text from a client or an authorization server", async () => {
    await statusesOf(["allow-readable-secret"]);
    await written();
    const stored = await storedUnder("");
    expect([...stored.keys()].some((key) => key.startsWith("journal/"))).toBe(true);
    for (const value of stored.values()) {
      const text = value instanceof Uint8Array ? new TextDecoder("latin1").decode(value) : JSON.stringify(value);
      expect(text).not.toContain("readable-secret");
      expect(text).not.toContain("EBBH");
    }
  });

  it("continues its journal after a restart with handover", async () => {
    await statusesOf(["allow-before-restart"]);
    await written();
    await runInDurableObject(stub(), (object) => object.restart("test"));
    await statusesOf(["allow-after-restart"]);
    await written();
    await evicted();
    await statusesOf(["allow-before-restart", "allow-after-restart"]);
    expect(await checksOfAll(["allow-before-restart", "allow-after-restart"])).toEqual([1, 1]);
  });

  it("releases a replaced instance even if it wrote the journal", async () => {
    await statusesOf(["allow-let-go"]);
    await written();
    const count = () => isolateSnapshot(thisIsolate()).collected.count;
    const before = count();
    expect(await runInDurableObject(stub(), (object) => object.restart("test"))).toBe("restarted");
    await vi.waitFor(
      async () => {
        await runInDurableObject(stub(), () => thisIsolate().reclaimer.probe());
        await settled();
        expect(count()).toBeGreaterThan(before);
      },
      { timeout: 10_000, interval: 200 },
    );
    expect((await persistence()).storedRows).toBeGreaterThan(0);
  });

  it("restores once for all simultaneous requests", async () => {
    const all = tokens("allow-crowd", 30);
    await statusesOf(all);
    await written();
    const { generation } = await statsOf("persisted");
    await evicted();
    await statusesOf([...all, ...all]);
    expect(await checksOfAll(all)).toEqual(all.map(() => 1));
    expect((await statsOf("persisted")).generation).toBe(generation + 1);
  });

  it("writes at most once a minute, and not at all if nothing is new", async () => {
    await written();
    const { writtenAtMs } = await persistence();
    pass(30_000);
    await ask("/persisted", "allow-in-between");
    await settled();
    expect((await persistence()).writtenAtMs).toBe(writtenAtMs);
  });

  it("does not grow in storage with every write", async () => {
    for (let round = 0; round < 12; round += 1) {
      await statusesOf(tokens(`big-round-${round}`, 40));
      await written();
    }
    const { storedBytes, storedRows } = await persistence();
    const rows = await storedUnder("journal/");
    expect(rows.size).toBe(storedRows);
    const held = (await statsOf("persisted")).liveBytes ?? 0;
    expect(storedBytes).toBeLessThan(Math.max(2 * held, held + 1_048_576) + 300_000);
  });
});

describe("a purge of a service that persists its decisions", () => {
  it("of one credential is final, even if the object is evicted right after it", async () => {
    await statusesOf(["allow-revoked", "allow-spared"]);
    await written();
    expect((await purge({ credential: "allow-revoked" })).status).toBe(200);
    await evicted();
    await statusesOf(["allow-revoked", "allow-spared"]);
    expect(await checksOfAll(["allow-revoked", "allow-spared"])).toEqual([2, 1]);
  });

  it("is final even if the object was not in memory", async () => {
    await statusesOf(["allow-asleep", "allow-dreaming"]);
    await written();
    await evicted();
    await purge({ credential: "allow-asleep" });
    await evicted();
    await statusesOf(["allow-asleep", "allow-dreaming"]);
    expect(await checksOfAll(["allow-asleep", "allow-dreaming"])).toEqual([2, 1]);
  });

  it("does not block what was allowed again after it", async () => {
    await statusesOf(["allow-again"]);
    await written();
    await purge({ credential: "allow-again" });
    await statusesOf(["allow-again"]);
    await written();
    await evicted();
    await statusesOf(["allow-again"]);
    expect(await checksOf("allow-again")).toBe(2);
  });

  it("of all leaves nothing in storage", async () => {
    await statusesOf(["allow-everything"]);
    await written();
    await purge({});
    expect((await storedUnder("journal")).size).toBe(0);
    await evicted();
    await statusesOf(["allow-everything"]);
    expect(await checksOf("allow-everything")).toBe(2);
  });

  it("holds if it comes during a write or a restore", async () => {
    const all = tokens("allow-racing", 40);
    await statusesOf(all);
    pass(MINUTE + 1_000);
    await ask("/persisted", "allow-racing-writer");
    await purge({ credential: all[0] });
    await evicted();
    const restoring = statusesOf(all.slice(2));
    await purge({ credential: all[1] });
    await restoring;
    await evicted();
    await statusesOf(all);
    const checks = await checksOfAll(all);
    expect(checks[0]).toBe(2);
    expect(checks[1]).toBeGreaterThanOrEqual(2);
  });
});

describe("a stored journal that is not what was written", () => {
  async function tampered(change: (storage: DurableObjectStorage, rows: string[]) => Promise<void>): Promise<string> {
    const token = `allow-tampered-${crypto.randomUUID()}`;
    await statusesOf([token]);
    await written();
    await runInDurableObject(stub(), async (_, { storage }) => {
      const rows = await storage.list({ prefix: "journal/" });
      await change(storage, [...rows.keys()]);
    });
    await evicted();
    expect(await statusesOf([token])).toEqual([200]);
    expect(await checksOf(token)).toBe(2);
    return (await persistence()).waking?.outcome ?? "nothing";
  }

  it("is not restored if a row was changed", async () => {
    const outcome = await tampered(async (storage, [first]) => {
      const bytes = (await storage.get<Uint8Array>(first!))!;
      bytes[20]! ^= 1;
      await storage.put(first!, bytes);
    });
    expect(outcome).toBe("unreadable");
  });

  it("is not restored if a row is missing or not bytes", async () => {
    expect(await tampered((storage, [first]) => storage.delete(first!).then(() => {}))).toBe("unreadable");
    expect(await tampered((storage, [first]) => storage.put(first!, { rows: 1 }))).toBe("unreadable");
  });

  it("is not restored if its head was changed or belongs to rows of an earlier journal", async () => {
    expect(await tampered((storage) => storage.put("journal", "mine"))).toBe("unreadable");
    expect(await tampered((storage) => storage.put("journal", new Uint8Array(100)))).toBe("unreadable");
    let before: unknown;
    await tampered(async (storage) => {
      before = await storage.get("journal");
      await storage.delete("journal");
    });
    expect(await tampered((storage) => storage.put("journal", before))).toBe("unreadable");
  });

  it("does not keep the service from serving and writing a new one", async () => {
    await tampered((storage) => storage.put("journal", 5));
    await written();
    expect((await persistence()).lastWrite).toBe("written");
  });
});

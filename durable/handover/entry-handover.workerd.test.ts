import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { ask, checksOf, statsOf, testEnv } from "../../test/workerd/client.ts";
import type { RestartOutcome } from "../instances/instance-manager.ts";

/** Handovers in the real runtime: no live decision is lost, no check is repeated, and no decision outlives a purge. */

const stub = testEnv.SERVICE_OBJECT.getByName("orders");
const restart = (): Promise<RestartOutcome> => runInDurableObject(stub, (object) => object.restart("test"));
const tokens = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

async function statusesOf(all: readonly string[]): Promise<number[]> {
  return (await Promise.all(all.map((token) => ask("/orders/1", token)))).map(({ status }) => status);
}

async function checksOfAll(all: readonly string[]): Promise<number[]> {
  return Promise.all(all.map(checksOf));
}

describe("a restart with handover", () => {
  it("keeps every live decision", async () => {
    const all = tokens("allow-kept", 40);
    await statusesOf(all);
    const { generation } = await statsOf("orders");
    expect(await restart()).toBe("restarted");
    expect(await statusesOf(all)).toEqual(all.map(() => 200));
    expect(await checksOfAll(all)).toEqual(all.map(() => 1));
    expect(await statsOf("orders")).toMatchObject({ generation: generation + 1, handsOver: true });
    expect((await statsOf("orders")).lastHandover?.chunks).toBeGreaterThan(0);
  });

  it("answers every request once during the handover, misses in progress and hits alike", async () => {
    const known = tokens("allow-known", 20);
    await statusesOf(known);
    const slow = tokens("slow-flight", 12);
    const first = statusesOf(slow);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const moved = restart();
    const during = statusesOf([...known, ...tokens("allow-new", 20)]);
    expect(await moved).toBe("restarted");
    // These calls are still in progress on the old instance; the same requests on the new one wait for them.
    const again = statusesOf(slow);
    for (const statuses of [await first, await during, await again]) {
      expect(statuses.every((status) => status === 200)).toBe(true);
    }
    expect(await checksOfAll([...known, ...slow])).toEqual([...known, ...slow].map(() => 1));
  });

  it("waits for its turn: at most one old instance is in memory beside the new one", async () => {
    const slow = statusesOf(tokens("slow-turn", 2));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await restart()).toBe("restarted");
    expect(await restart()).toBe("draining");
    expect(await slow).toEqual([200, 200]);
    expect(await restart()).toBe("restarted");
  });

  it("gives the same answers over many restarts under load", async () => {
    const all = tokens("allow-often", 30);
    const denied = tokens("deny-often", 5);
    await statusesOf([...all, ...denied]);
    for (let round = 0; round < 20; round += 1) {
      const [restarted, allowed, refused] = await Promise.all([restart(), statusesOf(all), statusesOf(denied)]);
      expect(restarted).toBe("restarted");
      expect(allowed).toEqual(all.map(() => 200));
      expect(refused).toEqual(denied.map(() => 403));
    }
    expect(await checksOfAll(all)).toEqual(all.map(() => 1));
  });
});

describe("a purge", () => {
  const post = (path: string, body?: unknown) =>
    ask(`/stats/${path}`, "operator-token-of-tests", { method: "POST", body: JSON.stringify(body ?? {}) });

  it("of one credential takes effect at once, for that one alone", async () => {
    await statusesOf(["allow-gone", "allow-stays"]);
    const response = await post("purge", { service: "orders", credential: "allow-gone" });
    expect(await response.json()).toEqual({ services: { orders: { purged: 1, stored: false } } });
    await statusesOf(["allow-gone", "allow-stays"]);
    expect(await checksOfAll(["allow-gone", "allow-stays"])).toEqual([2, 1]);
  });

  it("of all holds through a restart with handover", async () => {
    const all = tokens("allow-purged", 30);
    await statusesOf(all);
    const moved = restart();
    const response = await post("purge");
    expect(response.status).toBe(200);
    await moved;
    await statusesOf(all);
    expect(await checksOfAll(all)).toEqual(all.map(() => 2));
  });

  it("overrides the reply to an earlier call", async () => {
    const waiting = ask("/orders/1", "slow-purged");
    await new Promise((resolve) => setTimeout(resolve, 20));
    await post("purge", { credential: "slow-purged" });
    expect((await waiting).status).toBe(200);
    const before = await checksOf("slow-purged");
    await ask("/orders/1", "slow-purged");
    // If a decision was kept, it was requested after the purge.
    expect(before).toBeGreaterThanOrEqual(1);
    expect(await checksOf("slow-purged")).toBeGreaterThanOrEqual(2);
  });
});

describe("the operator", () => {
  const post = (path: string, body: string, token = "operator-token-of-tests") =>
    ask(`/stats/${path}`, token, { method: "POST", body });

  it("can restart a filter, and see first what that would free and cost", async () => {
    await ask("/orders/1", "allow-operated");
    const { generation } = await statsOf("orders");
    const dry = await (await post("restart", '{"service":"orders","dryRun":true}')).json();
    expect(dry).toMatchObject({ services: { orders: { plan: { handover: true } } } });
    expect((await statsOf("orders")).generation).toBe(generation);
    expect(await (await post("restart", '{"service":"orders"}')).json()).toEqual({
      services: { orders: { restarted: true } },
    });
    expect((await statsOf("orders")).generation).toBe(generation + 1);
  });

  it.each([
    ["invalid JSON", "restart", "{service"],
    ["an array", "purge", "[1]"],
    ["an unknown service", "restart", '{"service":"nothing"}'],
    ["an unknown field", "purge", '{"token":"x"}'],
    ["a field of another action", "purge", '{"dryRun":true}'],
    ["a field of another action", "restart", '{"credential":"x"}'],
    ["an inherited field", "purge", '{"__proto__":{"service":"orders"}}'],
    ["null", "purge", "null"],
    ["an empty body", "purge", ""],
    ["characters that no credential can have", "purge", '{"credential":"a\\u0000b"}'],
    ["null in a field", "purge", '{"credential":null}'],
    ["only spaces as a credential", "purge", '{"credential":" "}'],
    ["a query in the address", "purge?service=orders", "{}"],
    ["a field of another type", "purge", '{"credential":5}'],
    ["an empty credential", "purge", '{"credential":""}'],
    ["a huge body", "purge", `{"credential":"${"x".repeat(20_000)}"}`],
  ])("gets an error message for %s", async (_, path, body) => {
    const response = await post(path, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: "bad_request", message: expect.any(String) });
  });

  it("alone may use these actions, and only through POST", async () => {
    expect((await post("purge", "", "allow-somebody")).status).toBe(401);
    expect((await ask("/stats/purge", "operator-token-of-tests")).status).toBe(405);
    expect((await ask("/stats/restart", "operator-token-of-tests")).status).toBe(405);
  });
});

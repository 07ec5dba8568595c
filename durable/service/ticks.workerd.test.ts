import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { ask, checksOf, pass, statsOf, testEnv } from "../../test/workerd/client.ts";

/** In its ticks (every 30 s), the filter fetches what it needs to allow requests. */

const ticksOf = async (service: string) => (await statsOf(service)).filterMetrics.ticks ?? 0;
const stubOf = (service: string) => testEnv.SERVICE_OBJECT.getByName(service);

describe("a filter that ticks", () => {
  it("has ticked and got its replies before the first requests are decided", async () => {
    const statuses = await Promise.all([1, 2, 3].map(async (n) => (await ask(`/ticking/${n}`)).status));
    expect(statuses).toEqual([200, 200, 200]);
    expect([await ticksOf("ticking"), await checksOf("allow-tick")]).toEqual([1, 1]);
  });

  it("ticks again when a request comes after its period", async () => {
    pass(29_000);
    await ask("/ticking/1");
    expect(await ticksOf("ticking")).toBe(1);
    pass(1_000);
    await ask("/ticking/1");
    expect(await ticksOf("ticking")).toBe(2);
  });

  it("ticks again after a restart, before its first request", async () => {
    const before = await ticksOf("ticking");
    expect(await runInDurableObject(stubOf("ticking"), (object) => object.restart("test"))).toBe("restarted");
    expect((await ask("/ticking/1")).status).toBe(200);
    expect(await ticksOf("ticking")).toBe(before + 1);
  });

  it("does not tick for a request to /stats", async () => {
    const before = await ticksOf("ticking");
    pass(60_000);
    expect(await ticksOf("ticking")).toBe(before);
  });

  it("does not delay requests for long if its calls hang", async () => {
    const startMs = Date.now();
    expect((await ask("/ticking-in-vain/1")).status).toBe(200);
    // The call would time out after 1 s; requests wait 0.5 s here.
    expect(Date.now() - startMs).toBeGreaterThan(400);
    expect(Date.now() - startMs).toBeLessThan(950);
  });
});

describe("a filter that ticks by alarm", () => {
  it("ticks without requests, and sets the alarm again", async () => {
    expect((await ask("/alarming/1")).status).toBe(200);
    expect(await ticksOf("alarming")).toBe(1);
    pass(30_000);
    expect(await runDurableObjectAlarm(stubOf("alarming"))).toBe(true);
    expect(await ticksOf("alarming")).toBe(2);
    pass(30_000);
    expect(await runDurableObjectAlarm(stubOf("alarming"))).toBe(true);
    expect(await ticksOf("alarming")).toBe(3);
  });

  it("also ticks after its object was evicted", async () => {
    await evictDurableObject(stubOf("alarming"));
    expect(await runDurableObjectAlarm(stubOf("alarming"))).toBe(true);
    // The metrics were lost with the evicted object: this is the first tick of its next life.
    expect(await ticksOf("alarming")).toBe(1);
  });

  it("sets no alarm if only requests cause ticks", async () => {
    expect(await runDurableObjectAlarm(stubOf("ticking"))).toBe(false);
  });
});

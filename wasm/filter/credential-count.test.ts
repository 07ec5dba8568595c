/** The metric `ebb_cache_credentials`: about how many credentials the cached decisions belong to. */
import { describe, expect, it } from "vitest";
import { configuration, Harness } from "./testing/harness.ts";

async function filled(credentials: number, requestsOfEach: number): Promise<Harness> {
  const harness = new Harness(
    configuration({ cache: { maxTtlMs: 60_000, denyTtlMs: 0, staleIfErrorMs: 0, maxBytes: 33_554_432 } }),
  );
  for (let token = 0; token < credentials; token += 1) {
    for (let n = 0; n < requestsOfEach; n += 1) await harness.ask({ token: `token-${token}`, path: `/orders/${n}` });
    harness.calls.length = 0;
  }
  return harness;
}

describe("the number of credentials", () => {
  it("is exact while there are few, however many decisions each has", async () => {
    const harness = await filled(1, 500);
    expect(harness.metric("ebb_cache_credentials")).toBe(1);
    await harness.ask({ token: "other" });
    expect(harness.metric("ebb_cache_credentials")).toBe(2);
    expect(harness.metric("ebb_cache_entries")).toBe(501);
  });

  it.each([
    [100, 3, 0.03],
    [1_000, 2, 0.1],
    [5_000, 1, 0.3],
    [40_000, 1, 0.15],
  ])("of %i with %i decisions each is right to a share of about that", async (credentials, each, tolerance) => {
    const harness = await filled(credentials, each);
    const counted = harness.metric("ebb_cache_credentials");
    expect(Math.abs(counted - credentials) / credentials).toBeLessThan(tolerance);
    harness.advance(61_000);
    expect(harness.metric("ebb_cache_entries")).toBe(0);
    expect(harness.metric("ebb_cache_credentials")).toBe(0);
  });

  it("is never more than the number of decisions", async () => {
    const harness = await filled(3_000, 1);
    expect(harness.metric("ebb_cache_credentials")).toBeLessThanOrEqual(harness.metric("ebb_cache_entries"));
  });

  it("falls with a purge, and a credential with decisions left still counts", async () => {
    const harness = await filled(10, 5);
    harness.handover.purgeCredential("token-3");
    expect(harness.metric("ebb_cache_credentials")).toBe(9);
    expect(harness.metric("ebb_cache_entries")).toBe(45);
  });

  it("costs no memory: where the configuration leaves no room, nothing is counted", async () => {
    const counted = new Map<number, boolean>();
    for (let count = 0; count <= 300; count += 10) {
      const rules = Array.from({ length: count }, (_, n) => ({ name: `rule-${n}`, scopes: ["orders:read"] }));
      const harness = new Harness(configuration({ rules }));
      const pages = harness.instance.allocatedBytes / 65_536;
      await harness.ask({ token: "abc" });
      const credentials = harness.metric("ebb_cache_credentials");
      expect([0, 1]).toContain(credentials);
      // A page that the configuration takes has room for the tables too.
      if (pages > 3) expect(credentials).toBe(1);
      counted.set(count, credentials === 1);
    }
    expect(counted.get(0)).toBe(true);
    expect(counted.get(300)).toBe(true);
    expect([...counted.values()]).toContain(false);
  });

  it("does not count a decision twice that takes the place of an earlier one", async () => {
    const harness = await filled(1, 1);
    for (let n = 0; n < 5; n += 1) {
      harness.now += 60_000;
      await harness.ask({ token: "token-0", path: "/orders/0" });
    }
    expect(harness.metric("ebb_cache_credentials")).toBe(1);
    harness.handover.purgeCredential("token-0");
    expect(harness.metric("ebb_cache_credentials")).toBe(0);
  });
});

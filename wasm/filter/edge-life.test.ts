import { describe, expect, it } from "vitest";
import type { Decision } from "../host/index.ts";
import { configuration, forwardAuth, Harness, type Json, jwt, noReply, reply } from "./testing/harness.ts";

const CACHE = { maxTtlMs: 600_000, denyTtlMs: 10_000, staleIfErrorMs: 0, maxBytes: 33_554_432 };

function harness(
  cache: { [name: string]: Json } = { edgeTtlMs: 5_000 },
  changes: { [name: string]: Json } = {},
): Harness {
  return new Harness(configuration({ cache: { ...CACHE, ...cache }, ...changes }));
}

/** The life that the filter tells its embedder, in ms; undefined if it tells none. */
function lifeOf(decision: Decision): number | undefined {
  if (decision.kind !== "continue") return undefined;
  const value = decision.properties?.get("ebb.fresh_for_ms");
  return value === undefined ? undefined : Number(new DataView(value.buffer, value.byteOffset).getBigInt64(0, true));
}

describe("the life that an allow has outside the filter", () => {
  it("is the configured time, on the call and on each hit", async () => {
    const filter = harness();
    expect(lifeOf(await filter.ask({ token: "abc" }))).toBe(5_000);
    filter.advance(1_000);
    expect(lifeOf(await filter.ask({ token: "abc" }))).toBe(5_000);
    expect(filter.calls).toHaveLength(1);
  });

  it("never exceeds the life of the decision itself", async () => {
    const filter = harness({ maxTtlMs: 8_000, edgeTtlMs: 5_000 });
    await filter.ask({ token: "abc" });
    filter.advance(7_000);
    expect(lifeOf(await filter.ask({ token: "abc" }))).toBe(1_000);
  });

  it("never exceeds the token's own", async () => {
    const filter = harness();
    const token = jwt({ exp: filter.now / 1_000 + 2 });
    expect(lifeOf(await filter.ask({ token }))).toBe(2_000);
  });

  it("is told to all who waited for one call", async () => {
    const filter = harness();
    const decisions = await Promise.all([filter.ask({ token: "abc" }), filter.ask({ token: "abc" })]);
    expect(decisions.map(lifeOf)).toEqual([5_000, 5_000]);
    expect(filter.calls).toHaveLength(1);
  });

  it.each([
    ["the configuration names none", {}, [] as [string, string][]],
    ["it is zero", { edgeTtlMs: 0 }, []],
    ["the reply forbids to keep it", { edgeTtlMs: 5_000 }, [["cache-control", "no-store"]] as [string, string][]],
    ["the reply is stale already", { edgeTtlMs: 5_000 }, [["cache-control", "max-age=0"]] as [string, string][]],
    ["the reply sets a cookie", { edgeTtlMs: 5_000 }, [["set-cookie", "sid=1"]] as [string, string][]],
    ["the reply varies by what nobody knows", { edgeTtlMs: 5_000 }, [["vary", "*"]] as [string, string][]],
  ])("is not told if %s", async (_, cache, headers) => {
    const filter = harness(cache);
    filter.server = () => reply(200, headers);
    const decision = await filter.ask({ token: "abc" });
    expect(decision.kind).toBe("continue");
    expect(lifeOf(decision)).toBeUndefined();
  });

  it("is not told for a stale allow", async () => {
    const filter = harness({ maxTtlMs: 1_000, staleIfErrorMs: 60_000, edgeTtlMs: 5_000 });
    await filter.ask({ token: "abc" });
    filter.advance(2_000);
    filter.server = () => noReply("unreachable");
    const decision = await filter.ask({ token: "abc" });
    expect(decision.kind).toBe("continue");
    expect(lifeOf(decision)).toBeUndefined();
  });

  it("is not told if a request passes undecided", async () => {
    const filter = harness({ edgeTtlMs: 5_000 }, { failOpen: true });
    filter.server = () => noReply("unreachable");
    const decision = await filter.ask({ token: "abc" });
    expect(decision.kind).toBe("continue");
    expect(lifeOf(decision)).toBeUndefined();
  });

  it("is not told after an allow that was told to others before", async () => {
    const filter = harness({ edgeTtlMs: 5_000 }, { failOpen: true, protocol: forwardAuth() });
    await filter.ask({ token: "abc" });
    filter.server = () => noReply("unreachable");
    expect(lifeOf(await filter.ask({ token: "other" }))).toBeUndefined();
  });
});

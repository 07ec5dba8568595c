import { describe, expect, it } from "vitest";
import type { Gateway } from "../../config/index.ts";
import { readStatsQuery } from "./read-stats-query.ts";

const gateway = { services: [{ name: "orders" }, { name: "billing" }] } as unknown as Gateway;
const read = (query: string) => readStatsQuery(new URLSearchParams(query), gateway);

describe("the query of /stats", () => {
  it.each([
    ["", {}],
    ["service=orders", { service: "orders" }],
    ["window=15m", { windowMs: 900_000 }],
    ["window=6h", { windowMs: 21_600_000 }],
    ["window=2d", { windowMs: 172_800_000 }],
    ["wake=1", { wake: true }],
    ["wake=0&samples=0", {}],
    ["samples=1", { samples: true, wake: true }],
  ])("%j is read", (query, expected) => {
    const nothing = { service: undefined, windowMs: undefined, samples: false, wake: false };
    expect(read(query)).toEqual({ ok: true, query: { ...nothing, ...expected } });
  });

  it.each([
    ["windw=15m", "windw"],
    ["Service=orders", "Service"],
    ["service=orders&service=billing", "more than once"],
    ["service=", "orders, billing"],
    ["service=orders%00", "orders, billing"],
    ["window=0m", "1m to 2d"],
    ["window=3d", "1m to 2d"],
    ["window=15", "1m to 2d"],
    ["window=1e3m", "1m to 2d"],
    ["window=-5m", "1m to 2d"],
    ["window=99999999m", "1m to 2d"],
    ["wake=yes", "0 and 1"],
    ["samples=", "0 and 1"],
  ])("%j is refused, with the way out", (query, part) => {
    const parsed = read(query);
    expect(parsed.ok).toBe(false);
    expect(!parsed.ok && parsed.reason).toContain(part);
  });

  it("never repeats a long text whole", () => {
    const parsed = read(`service=${"x".repeat(10_000)}`);
    expect(!parsed.ok && parsed.reason.length).toBeLessThan(300);
  });
});

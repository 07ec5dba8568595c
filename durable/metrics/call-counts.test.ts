import { describe, expect, it } from "vitest";
import { CallCounters, readCalls } from "./call-counts.ts";

describe("counts of calls", () => {
  it("go on from what was stored, for clusters that are still configured", () => {
    const first = new CallCounters();
    first.to("auth").started(3);
    first.to("auth").ended("2xx", 40);
    first.to("gone").ended("timeout", 2_000);
    const next = new CallCounters(readCalls(JSON.parse(JSON.stringify(first.snapshot()))));
    next.to("auth").started(0);
    next.to("auth").ended("2xx", 60);
    const { auth, ...others } = next.snapshot();
    expect(others).toEqual({});
    expect(auth).toMatchObject({ results: { "2xx": 2 }, latency: { sumMs: 100 }, wait: { sumMs: 3 } });
  });

  it("have no duration for a call that was not sent", () => {
    const counters = new CallCounters();
    counters.to("auth").ended("held_back");
    const { latency, results } = counters.snapshot().auth!;
    expect(results).toEqual({ held_back: 1 });
    expect(latency.counts.every((count) => count === 0)).toBe(true);
  });

  it("skip what cannot be read, and results that this version does not know", () => {
    const counters = new CallCounters();
    counters.to("auth").ended("5xx", 1);
    const { auth } = counters.snapshot();
    const stored = {
      auth: { ...auth, results: { "5xx": 1, "6xx": 4, "2xx": -1, "3xx": "many" } },
      broken: { results: {} },
      other: null,
    };
    expect(readCalls(stored)).toEqual({ auth });
    for (const garbage of [undefined, null, "text", 3]) expect(readCalls(garbage)).toEqual({});
  });
});

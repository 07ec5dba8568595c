import { describe, expect, it } from "vitest";
import { CallsWithoutEntry } from "./calls-without-entry.ts";

const SAMPLE = { timeMs: 10_000, outbound: 100, requests: 1_000 };

function counted(calls: number): CallsWithoutEntry {
  const others = new CallsWithoutEntry();
  for (let n = 0; n < calls; n += 1) others.add();
  return others;
}

describe("denials and failures", () => {
  it("are taken from a sample once", () => {
    const others = counted(10);
    expect(others.takenFrom(SAMPLE)).toEqual({ outbound: 90, requests: 990, isFlooded: false });
    expect(others.takenFrom(SAMPLE)).toEqual({ outbound: 100, requests: 1_000, isFlooded: false });
    expect(others.total).toBe(10);
  });

  it("flood a sample if they are more than a quarter of the others", () => {
    const others = counted(40);
    expect(others.takenFrom(SAMPLE).isFlooded).toBe(true);
    expect([15_000, 15_001].map((nowMs) => others.haveFlooded(nowMs, 5_001))).toEqual([true, false]);
    expect(new CallsWithoutEntry().haveFlooded(0, 1e12)).toBe(false);
  });

  it("never make a sample negative", () => {
    expect(counted(200).takenFrom({ ...SAMPLE, requests: 150 })).toMatchObject({ outbound: 0, requests: 0 });
  });
});

import { describe, expect, it } from "vitest";
import { NOTHING_KNOWN } from "./estimator-state.ts";
import { KnownLine } from "./known-line.ts";

const STORED = { bytesPerEntry: 1_000, fixedBytes: 200_000 };
const NEW = { bytesPerEntry: 2_000, fixedBytes: 300_000 };

describe("the known line", () => {
  it("is the stored one until a new fit has many events and a TTL that is sure", () => {
    const known = new KnownLine({ ...NOTHING_KNOWN, ...STORED });
    expect(known.or({ line: undefined, events: 0, isSure: true })).toEqual(STORED);
    expect(known.or({ line: NEW, events: 7, isSure: true })).toEqual(STORED);
    expect(known.or({ line: NEW, events: 8, isSure: false })).toEqual(STORED);
    expect(known.or({ line: NEW, events: 8, isSure: true })).toEqual(NEW);
  });

  it("gives way to any fit if nothing is known", () => {
    const known = new KnownLine(NOTHING_KNOWN);
    expect(known.or({ line: NEW, events: 2, isSure: false })).toEqual(NEW);
    expect(known.or({ line: undefined, events: 0, isSure: true })).toBeUndefined();
  });

  it("is the last one that repeats confirmed once the TTL has changed, whatever growth showed meanwhile", () => {
    const known = new KnownLine(NOTHING_KNOWN);
    known.confirmed(NEW);
    known.ttlChanged();
    expect(known.or({ line: { bytesPerEntry: 450_000, fixedBytes: -2e6 }, events: 20, isSure: false })).toEqual(NEW);
  });

  it("stays the stored one if the TTL changes before any was confirmed", () => {
    const known = new KnownLine({ ...NOTHING_KNOWN, ...STORED });
    known.ttlChanged();
    expect(known.or({ line: undefined, events: 0, isSure: false })).toEqual(STORED);
  });
});

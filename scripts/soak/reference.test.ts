import { describe, expect, it } from "vitest";
import { Reference } from "./reference.ts";

const at = (startedMs: number, endedMs = startedMs + 10) => ({ startedMs, endedMs });

function referenceWith(...rights: [atMs: number, allowed: boolean][]): Reference {
  const reference = new Reference({ allowMs: 5_000, denyMs: 1_000 });
  for (const [atMs, allowed] of rights) reference.setRight("t", allowed, atMs);
  return reference;
}

describe("the allowed answer", () => {
  it("is the server's, if that has not changed for a while", () => {
    expect(referenceWith([0, true]).statusesFor("t", at(100_000))).toEqual(new Set([200]));
    expect(referenceWith([0, false]).statusesFor("t", at(100_000))).toEqual(new Set([403]));
  });

  it("may be the previous one during its lifetime", () => {
    const revoked = referenceWith([0, true], [10_000, false]);
    expect(revoked.statusesFor("t", at(14_900))).toEqual(new Set([200, 403]));
    expect(revoked.statusesFor("t", at(15_100))).toEqual(new Set([403]));
    const granted = referenceWith([0, false], [10_000, true]);
    expect(granted.statusesFor("t", at(10_900))).toEqual(new Set([200, 403]));
    expect(granted.statusesFor("t", at(11_100))).toEqual(new Set([200]));
  });

  it("is never an answer from before a confirmed purge", () => {
    for (const purged of ["t", undefined]) {
      const revoked = referenceWith([0, true], [10_000, false]);
      revoked.purged(purged, 10_100);
      expect(revoked.statusesFor("t", at(10_200))).toEqual(new Set([403]));
    }
    const other = referenceWith([0, true], [10_000, false]);
    other.purged("other", 10_100);
    expect(other.statusesFor("t", at(10_200))).toEqual(new Set([200, 403]));
  });

  it("may be 503 or 502 while something is broken, and a little longer", () => {
    const reference = referenceWith([0, true]);
    reference.faultBegins("authorization", 10_000);
    expect(reference.statusesFor("t", at(11_000))).toEqual(new Set([200, 503]));
    reference.faultEnds("authorization", 12_000);
    expect(reference.statusesFor("t", at(15_000))).toEqual(new Set([200, 503]));
    expect(reference.statusesFor("t", at(21_000))).toEqual(new Set([200]));
    reference.faultBegins("upstream", 30_000);
    expect(reference.statusesForPublic(at(30_001))).toEqual(new Set([200, 502]));
    expect(reference.statusesForPublic(at(20_000))).toEqual(new Set([200]));
  });

  it("may be 200 for any token of a failOpen service, from half a minute into an outage until calls resume", () => {
    const reference = referenceWith([0, false]);
    reference.faultBegins("authorization", 100_000);
    expect([110_000, 124_000, 126_000].map((atMs) => reference.mayBeOpen(at(atMs)))).toEqual([false, false, true]);
    reference.faultEnds("authorization", 140_000);
    expect([147_000, 149_000].map((atMs) => reference.mayBeOpen(at(atMs)))).toEqual([true, false]);
  });

  it("does not include 200 from failOpen after a short fault", () => {
    const reference = referenceWith([0, false]);
    reference.faultBegins("authorization", 100_000);
    reference.faultEnds("authorization", 106_000);
    expect(reference.mayBeOpen(at(107_000))).toBe(false);
  });
});

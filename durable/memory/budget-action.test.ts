import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MIB } from "../../wasm/byte-units.ts";
import { BUDGET_MARKS } from "../testing/settings.ts";
import { type BudgetMember, type BudgetSituation, budgetAction } from "./budget-action.ts";

function member(name: string, fields: Partial<BudgetMember> = {}): BudgetMember {
  return {
    name,
    liveBytes: 20 * MIB,
    gainBytes: 10 * MIB,
    evictionGainBytes: 19 * MIB,
    priceCalls: 100,
    askedUnderWay: false,
    askedAtMs: undefined,
    ...fields,
  };
}

function act(members: readonly BudgetMember[], fields: Partial<BudgetSituation> = {}) {
  const situation = {
    nowMs: 1e6,
    heldBytes: 100 * MIB,
    reclaimableBytes: 0,
    idleBytes: 0,
    reclaiming: false,
    ...fields,
  };
  return budgetAction(members, situation, BUDGET_MARKS);
}

describe("the budget of an isolate", () => {
  it("does nothing below its high mark", () => {
    expect(act([member("a")], { heldBytes: 96 * MIB })).toEqual({
      reason: "below_high_mark",
      ask: undefined,
      collect: undefined,
    });
  });

  it("continues down to the low mark once it was above the high mark", () => {
    expect(act([member("a")], { heldBytes: 90 * MIB, reclaiming: true }).ask).toBeDefined();
    expect(act([member("a")], { heldBytes: 88 * MIB, reclaiming: true }).reason).toBe("below_high_mark");
  });

  it("asks the member with the best ratio of gain to price", () => {
    const members = [
      member("dear", { gainBytes: 15 * MIB, priceCalls: 1_000 }),
      member("cheap", { gainBytes: 8 * MIB, priceCalls: 10 }),
      member("small", { gainBytes: 0.5 * MIB, priceCalls: 0 }),
    ];
    expect(act(members)).toMatchObject({ reason: "high_mark", ask: { name: "cheap", request: "restart" } });
  });

  it("asks no member while enough memory is about to be freed, and only collects", () => {
    const enough = act([member("a")], { reclaimableBytes: 16 * MIB });
    expect(enough).toEqual({ reason: "relief_under_way", ask: undefined, collect: "reclaim" });
    const asked = member("asked", { askedUnderWay: true, gainBytes: 16 * MIB });
    expect(act([member("a"), asked])).toEqual({ reason: "relief_under_way", ask: undefined, collect: undefined });
  });

  it("checks whether idle objects were evicted before it asks for a restart", () => {
    expect(act([member("a")], { idleBytes: 20 * MIB })).toEqual({
      reason: "quiet_objects",
      ask: undefined,
      collect: "probe",
    });
  });

  it("evicts the largest member at the hard mark, whatever the price", () => {
    const members = [
      member("cheap", { priceCalls: 0 }),
      member("largest", { evictionGainBytes: 60 * MIB, gainBytes: 0, priceCalls: 1e6, askedAtMs: 1e6 - 2_000 }),
    ];
    expect(act(members, { heldBytes: 121 * MIB })).toMatchObject({
      reason: "hard_mark",
      ask: { name: "largest", request: "evict" },
    });
  });

  it("does not ask the same member again too soon", () => {
    const recently = member("a", { askedAtMs: 1e6 - 9_999 });
    expect(act([recently])).toMatchObject({ reason: "nothing_to_gain", ask: undefined });
    expect(act([recently], { nowMs: 1e6 + 1 }).ask).toBeDefined();
    expect(act([member("a", { askedAtMs: 2e6 })]).ask).toBeDefined();
  });

  it("keeps these rules for any members", () => {
    const bytes = fc.nat(160).map((mib) => mib * MIB);
    const anyMember = fc
      .record({
        liveBytes: bytes,
        gainBytes: bytes,
        evictionGainBytes: bytes,
        priceCalls: fc.double({ min: 0, max: 1e9, noNaN: true }),
        askedUnderWay: fc.boolean(),
        askedAtMs: fc.option(fc.integer({ min: 900_000, max: 1e6 }), { nil: undefined }),
      })
      .map((fields) => fields);
    const anySituation = fc.record({
      heldBytes: bytes,
      reclaimableBytes: bytes,
      idleBytes: bytes,
      reclaiming: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(anyMember, { maxLength: 12 }), anySituation, (fields, situation) => {
        const members = fields.map((each, index) => member(String(index), each));
        const { ask, collect, reason } = act(members, situation);
        const asked = members.find(({ name }) => name === ask?.name);
        if (situation.heldBytes <= BUDGET_MARKS.lowBytes) expect(reason).toBe("below_high_mark");
        if (ask === undefined) return;
        expect(asked).toBeDefined();
        expect(asked!.askedUnderWay).toBe(false);
        expect(1e6 - (asked!.askedAtMs ?? 0)).toBeGreaterThanOrEqual(BUDGET_MARKS.minBetweenHardMs);
        expect(situation.heldBytes).toBeGreaterThan(BUDGET_MARKS.lowBytes);
        if (situation.reclaimableBytes > 0) expect(collect).toBe("reclaim");
        if (ask.request === "evict") {
          expect(situation.heldBytes).toBeGreaterThanOrEqual(BUDGET_MARKS.hardBytes);
        } else {
          expect(asked!.gainBytes).toBeGreaterThanOrEqual(BUDGET_MARKS.minGainBytes);
        }
      }),
    );
  });

  it("keeps 20 services that grow to 16 MiB in turn below 128 MB, retired memory included", () => {
    const sizes = new Map(Array.from({ length: 20 }, (_, index) => [String(index), MIB]));
    const askedAt = new Map<string, number>();
    let retiredBytes = 0;
    let reclaiming = false;
    let nowMs = 1e6;
    for (let round = 0; round < 3; round += 1) {
      for (const name of sizes.keys()) {
        for (let grown = 0; grown < 15; grown += 1) {
          sizes.set(name, Math.min(16 * MIB, sizes.get(name)! + MIB));
          nowMs += 100;
          const held = () => retiredBytes + [...sizes.values()].reduce((sum, size) => sum + size, 0);
          const members = [...sizes].map(([each, liveBytes]) =>
            member(each, {
              liveBytes,
              gainBytes: liveBytes - MIB,
              evictionGainBytes: liveBytes - MIB,
              askedAtMs: askedAt.get(each),
            }),
          );
          reclaiming = held() > (reclaiming ? BUDGET_MARKS.lowBytes : BUDGET_MARKS.highBytes);
          const { ask, collect } = act(members, {
            nowMs,
            heldBytes: held(),
            reclaimableBytes: retiredBytes,
            reclaiming,
          });
          expect(held()).toBeLessThan(128e6);
          if (collect === "reclaim") retiredBytes = 0;
          if (ask === undefined) continue;
          askedAt.set(ask.name, nowMs);
          retiredBytes += sizes.get(ask.name)!;
          sizes.set(ask.name, MIB);
        }
      }
    }
  });
});

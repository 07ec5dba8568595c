import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import { LOSS_STEPS } from "../estimate/lost-calls.ts";
import { type LossySituation, lossyVerdict } from "./lossy-rule.ts";
import { CYCLE_MODEL } from "./testing/cycle-model.ts";

const steadyLoss = new Array<number>(LOSS_STEPS + 1).fill(200);

/** A cache of 1,000 entries and 80 pages under steady load, ten TTLs old. Earns ten calls in a TTL. */
const steady: LossySituation = {
  model: CYCLE_MODEL,
  allocatedBytes: 80 * PAGE_BYTES,
  isRising: false,
  ageTtls: 10,
  lostCalls: steadyLoss,
  creditCalls: 1_000,
  earnedInTtl: 10,
  spendTtls: 24,
};

describe("the rule for restarts without handover", () => {
  it("restarts under steady load when the best rhythm says so: a fresh instance holds little while it fills", () => {
    expect(lossyVerdict(steady)).toEqual({ restart: true, reason: "required_fell" });
    expect(lossyVerdict({ ...steady, ageTtls: 1, allocatedBytes: 70 * PAGE_BYTES }).reason).toBe("below_baseline");
  });

  it("restarts at once when the load has fallen", () => {
    const fallen = {
      ...steady,
      model: { ...steady.model, demandCalls: 100 },
      lostCalls: [20, 20, 20, 20, 20, 20, 20, 20, 20],
    };
    expect(lossyVerdict({ ...fallen, ageTtls: 1 }).restart).toBe(true);
  });

  it("waits for old entries to expire if the wait is worth it", () => {
    const falling = {
      ...steady,
      model: { ...steady.model, demandCalls: 100 },
      lostCalls: [500, 20, 10, 10, 10, 10, 10, 10, 10],
    };
    expect(lossyVerdict(falling)).toEqual({ restart: false, reason: "gain_below_price" });
  });

  it("keeps an instance while its load rises, since it will grow back at once", () => {
    expect(lossyVerdict({ ...steady, isRising: true })).toEqual({ restart: false, reason: "required_not_falling" });
  });

  it("takes no more of the credit than it frees of the memory in the next TTL", () => {
    expect(lossyVerdict({ ...steady, creditCalls: 199 })).toEqual({ restart: false, reason: "no_credit" });
    expect(lossyVerdict({ ...steady, creditCalls: 210 })).toEqual({ restart: false, reason: "no_credit" });
    expect(lossyVerdict({ ...steady, creditCalls: -1 })).toEqual({ restart: false, reason: "no_credit" });
  });

  it("restarts memory that grows without end, the sooner the more is allowed", () => {
    const leaking = {
      ...steady,
      model: { ...steady.model, leaks: true },
      allocatedBytes: 300 * PAGE_BYTES,
      ageTtls: 4,
    };
    expect(lossyVerdict({ ...leaking, earnedInTtl: 100 }).restart).toBe(true);
    expect(lossyVerdict({ ...leaking, creditCalls: 400, earnedInTtl: 0.1 }).restart).toBe(false);
  });

  it("keeps an instance of which a price is unknown", () => {
    for (const step of [0, 3]) {
      const lostCalls = steadyLoss.map((calls, index) => (index === step ? Number.NaN : calls));
      expect(lossyVerdict({ ...steady, lostCalls }).restart).toBe(false);
    }
  });

  it("restarts with more allowed wherever it restarts with less", () => {
    const amount = fc.double({ min: 0, max: 2_000, noNaN: true });
    const any = fc.record({
      allocatedBytes: fc.integer({ min: 2, max: 200 }).map((pages) => pages * PAGE_BYTES),
      ageTtls: fc.double({ min: 0, max: 100, noNaN: true }),
      creditCalls: amount,
      earnedInTtl: amount,
    });
    fc.assert(
      fc.property(any, amount, (given, more) => {
        if (!lossyVerdict({ ...steady, ...given }).restart) return;
        const richer = { ...steady, ...given, creditCalls: given.creditCalls + more };
        expect(lossyVerdict(richer).restart).toBe(true);
      }),
    );
  });
});

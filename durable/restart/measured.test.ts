import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import { measuredPolicy } from "./measured.ts";
import { anySituation } from "./testing/hostile.ts";
import { situationOf } from "./testing/situation.ts";

const measured = measuredPolicy({ collectMs: 900_000, extraCallsShare: 0 });
const verdictOn = (change: Parameters<typeof situationOf>[0]) => measured(situationOf(change));

describe("the policy measured", () => {
  it("restarts when required has fallen, surplus has risen, and the credit covers the price", () => {
    expect(verdictOn({})).toEqual({ restart: true, reason: "required_fell" });
  });

  it("restarts an instance that grows without end if the credit allows it", () => {
    const endless = { growsWithoutEnd: true, outboundInTtl: 3_168, demandCalls: 3_168 };
    expect(verdictOn({ estimate: endless })).toEqual({ restart: true, reason: "grows_without_end" });
    expect(verdictOn({ estimate: endless, creditCalls: 0 }).reason).toBe("no_credit");
  });

  it("keeps an instance until the service has been observed for `collectMs`", () => {
    expect(verdictOn({ estimate: { observedMs: 899_999 } })).toEqual({ restart: false, reason: "collecting" });
  });

  it("keeps an instance with too little growth for an estimate", () => {
    const unknown = { bytesPerEntry: undefined, fixedBytes: undefined };
    expect(verdictOn({ estimate: unknown })).toEqual({ restart: false, reason: "too_little_growth" });
  });

  it("keeps an instance that is still filling", () => {
    expect(verdictOn({ estimate: { filledMs: 299_999 } })).toEqual({ restart: false, reason: "filling" });
  });

  it("keeps an instance if a fresh one would grow back to the same size", () => {
    const estimate = { baselineBytes: 100 * PAGE_BYTES };
    expect(verdictOn({ estimate })).toEqual({ restart: false, reason: "below_baseline" });
  });

  it("keeps an instance whose calls have not fallen significantly", () => {
    const estimate = { outboundInTtl: 3_100, demandCalls: 3_100 };
    expect(verdictOn({ estimate })).toEqual({ restart: false, reason: "required_not_falling" });
  });

  it("keeps an instance if a restart would free too small a share of its growth", () => {
    const estimate = { baselineBytes: 91 * PAGE_BYTES };
    expect(verdictOn({ estimate })).toEqual({ restart: false, reason: "surplus_not_rising" });
  });

  it("keeps an instance if a restart costs more than the credit", () => {
    expect(verdictOn({ creditCalls: 99 })).toEqual({ restart: false, reason: "no_credit" });
    expect(verdictOn({ creditCalls: 0, priceCalls: 0 })).toEqual({ restart: false, reason: "no_credit" });
  });

  it("keeps an instance if a restart would use a larger share of the credit than it frees of the growth", () => {
    // A restart frees 46 % of the growth and would use half of the credit.
    expect(verdictOn({ creditCalls: 100 })).toEqual({ restart: false, reason: "gain_below_price" });
    expect(verdictOn({ creditCalls: 150 }).restart).toBe(true);
  });

  it("restarts with less credit if a restart is cheap", () => {
    expect(verdictOn({ creditCalls: 10, priceCalls: 1 }).restart).toBe(true);
    expect(verdictOn({ creditCalls: 10 }).restart).toBe(false);
  });

  it("spends the earnings of the next hours in advance, unless memory grows without end", () => {
    const spending = measuredPolicy({ collectMs: 900_000, extraCallsShare: 0.01 });
    // 1,568 calls in five minutes earn 1,129 in six hours.
    expect(spending(situationOf({ creditCalls: -500 })).restart).toBe(true);
    expect(spending(situationOf({ creditCalls: -1_100 })).reason).toBe("no_credit");
    const endless = { growsWithoutEnd: true };
    expect(spending(situationOf({ creditCalls: -500, estimate: endless })).reason).toBe("no_credit");
  });

  it("has a higher threshold for objects with a higher jitter", () => {
    const creditCalls = 118;
    expect(verdictOn({ creditCalls, jitter: 0 }).restart).toBe(true);
    expect(verdictOn({ creditCalls, jitter: 1 }).reason).toBe("gain_below_price");
  });

  it("has a verdict in any situation, and more credit never prevents a restart", () => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        const verdict = measured(situation);
        expect(typeof verdict.restart).toBe("boolean");
        expect(typeof verdict.reason).toBe("string");
        if (verdict.restart)
          expect(measured({ ...situation, creditCalls: situation.creditCalls + 1_000 }).restart).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { measuredPolicy } from "./measured.ts";
import { anySituation } from "./testing/hostile.ts";
import { situationOf } from "./testing/situation.ts";

const measured = measuredPolicy({ collectMs: 900_000, extraCallsShare: 0.01 });
const verdictOn = (change: Parameters<typeof situationOf>[0]) => measured(situationOf(change));

describe("the policy measured", () => {
  it("restarts when required has fallen, and the credit covers the price", () => {
    expect(verdictOn({})).toEqual({ restart: true, reason: "required_fell" });
    expect(verdictOn({ creditCalls: 10 }).reason).toBe("no_credit");
  });

  it("counts work, and not calls, if the filter hands its entries over", () => {
    expect(verdictOn({ handover: true, creditCalls: -1_000 }).restart).toBe(true);
    expect(verdictOn({ handover: true, workCreditMs: 0 }).reason).toBe("no_credit");
    expect(verdictOn({ handover: true, carriedByteMs: 0 }).reason).toBe("gain_below_price");
  });

  it("observes for `collectMs`, or until it knows the TTL", () => {
    const estimate = { observedMs: 899_999, ttlConfidence: "bounded" } as const;
    expect(verdictOn({ estimate })).toEqual({ restart: false, reason: "collecting" });
    expect(verdictOn({ estimate: { ...estimate, ttlConfidence: "measured" } }).restart).toBe(true);
    expect(verdictOn({ estimate: { ...estimate, observedMs: 900_000 } }).restart).toBe(true);
  });

  it("keeps an instance with too little growth for an estimate", () => {
    const unknown = { bytesPerEntry: undefined, fixedBytes: undefined };
    expect(verdictOn({ estimate: unknown })).toEqual({ restart: false, reason: "too_little_growth" });
  });

  it("restarts a filter that grows without calls, as often as the work is paid for", () => {
    const leak = { growsWithoutCalls: true, estimate: { bytesPerEntry: undefined } };
    expect(verdictOn(leak)).toEqual({ restart: true, reason: "grows_without_calls" });
    expect(verdictOn({ ...leak, workCreditMs: 1 }).reason).toBe("no_credit");
  });

  it("has a verdict in any situation", () => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        const verdict = measured(situation);
        expect(typeof verdict.restart).toBe("boolean");
        expect(typeof verdict.reason).toBe("string");
      }),
      { numRuns: 1_000 },
    );
  });
});

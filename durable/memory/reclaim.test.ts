import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MIB } from "../../wasm/byte-units.ts";
import { RECLAIM_SETTINGS } from "../testing/settings.ts";
import { type ReclaimSituation, reclaimDecision } from "./reclaim.ts";

function decide(fields: Partial<ReclaimSituation>) {
  const situation = {
    nowMs: 100_000,
    bytes: 64 * MIB,
    sinceMs: 90_000,
    provokedAtMs: undefined,
    affordableAtMs: 100_000,
    underWay: false,
    failuresInARow: 0,
    urgent: false,
    ...fields,
  };
  return reclaimDecision(situation, RECLAIM_SETTINGS);
}

describe("whether to provoke a collection", () => {
  it("yes, if V8 has left the memory for a second", () => {
    expect(decide({ sinceMs: 99_000 })).toEqual({ kind: "provoke", reason: "due" });
  });

  it("not before: under load V8 collects by itself", () => {
    expect(decide({ sinceMs: 99_400 })).toEqual({ kind: "wait", reason: "left_to_v8", untilMs: 100_400 });
  });

  it("not for nothing", () => {
    expect(decide({ bytes: 0, sinceMs: undefined })).toEqual({ kind: "rest", reason: "nothing_retired" });
  });

  it("for any amount that was released, if the budget of CPU pays for it", () => {
    expect(decide({ bytes: 1 })).toEqual({ kind: "provoke", reason: "due" });
    expect(decide({ bytes: 3 * MIB }).kind).toBe("provoke");
  });

  it("not for less than 4 MiB before it is paid for, and without a timer that keeps an idle object in memory", () => {
    const affordableAtMs = 250_000;
    const deferred = { kind: "defer", reason: "over_cpu_budget", untilMs: affordableAtMs };
    expect(decide({ bytes: 4 * MIB - 1, affordableAtMs })).toEqual(deferred);
    expect(decide({ bytes: 4 * MIB, affordableAtMs }).kind).toBe("provoke");
  });

  it("not before V8 had its second, even if it is paid for only later", () => {
    const situation = { bytes: MIB, sinceMs: 99_400, affordableAtMs: 250_000 };
    expect(decide(situation)).toEqual({ kind: "wait", reason: "left_to_v8", untilMs: 100_400 });
  });

  it("not again at once: one collection covers everything released before it", () => {
    const waits = { kind: "wait", reason: "rate_limited", untilMs: 101_500 };
    expect(decide({ provokedAtMs: 99_500 })).toEqual(waits);
    expect(decide({ provokedAtMs: 98_000 }).kind).toBe("provoke");
  });

  it("not while waiting for the effect of the last one", () => {
    expect(decide({ provokedAtMs: 99_900, underWay: true })).toEqual({
      kind: "wait",
      reason: "effect_awaited",
      untilMs: 100_150,
    });
  });

  it("never again if it had no effect three times in a row", () => {
    expect(decide({ failuresInARow: 3, urgent: true })).toEqual({ kind: "rest", reason: "no_effect_here" });
  });

  it("at once, and for any amount, if the budget is short", () => {
    expect(decide({ urgent: true, bytes: 1, sinceMs: 100_000, affordableAtMs: 250_000 }).kind).toBe("provoke");
    expect(decide({ urgent: true, provokedAtMs: 99_950 })).toMatchObject({ reason: "rate_limited", untilMs: 100_050 });
  });

  it("at once after the clock was set back, so that it need not catch up first", () => {
    expect(decide({ sinceMs: 3_700_000 }).kind).toBe("provoke");
    expect(decide({ sinceMs: 3_700_000, provokedAtMs: 3_800_000 }).kind).toBe("provoke");
  });

  it("never later than the settings say, whatever the clock does", () => {
    const time = fc.integer({ min: -1e12, max: 1e12 });
    fc.assert(
      fc.property(
        time,
        time,
        fc.option(time, { nil: undefined }),
        fc.boolean(),
        fc.boolean(),
        (nowMs, sinceMs, provokedAtMs, urgent, isUnderWay) => {
          const underWay = isUnderWay && provokedAtMs !== undefined && provokedAtMs + RECLAIM_SETTINGS.effectMs > nowMs;
          const decision = decide({ nowMs, sinceMs, provokedAtMs, urgent, underWay });
          if (decision.kind === "provoke") return;
          expect(decision.kind).toBe("wait");
          if (decision.kind === "wait") {
            expect(decision.untilMs).toBeGreaterThan(nowMs);
            expect(decision.untilMs).toBeLessThanOrEqual(nowMs + RECLAIM_SETTINGS.minIntervalMs);
          }
        },
      ),
    );
  });
});

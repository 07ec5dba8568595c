import { describe, expect, it } from "vitest";
import { losslessVerdict } from "./lossless-rule.ts";

const MIB = 1_048_576;
const full = {
  allocatedBytes: 4 * MIB,
  handedOverBytes: 3 * MIB,
  carriedByteMs: 8_000 * MIB,
  uptimeMs: 1_800_000,
  hasFallen: false,
  workMs: 30,
  creditMs: 30,
};

describe("the rule for restarts with handover", () => {
  it("restarts once the surplus carried equals what the ended instance holds until it is collected", () => {
    expect(losslessVerdict(full)).toEqual({ restart: true, reason: "required_fell" });
    expect(losslessVerdict({ ...full, carriedByteMs: 7_999 * MIB }).reason).toBe("gain_below_price");
  });

  it("keeps an instance while the work is not paid for", () => {
    expect(losslessVerdict({ ...full, creditMs: 29.9 })).toEqual({ restart: false, reason: "no_credit" });
  });

  it("keeps an instance that a fresh one would be as large as", () => {
    expect(losslessVerdict({ ...full, handedOverBytes: 4 * MIB })).toEqual({
      restart: false,
      reason: "below_baseline",
    });
  });

  it("restarts after half an hour without one if calls have fallen, whatever was predicted", () => {
    const wrong = { ...full, handedOverBytes: 4 * MIB, hasFallen: true };
    expect(losslessVerdict(wrong)).toEqual({ restart: true, reason: "required_fell" });
    expect(losslessVerdict({ ...wrong, uptimeMs: 1_799_999 }).reason).toBe("below_baseline");
    expect(losslessVerdict({ ...wrong, creditMs: 0 }).reason).toBe("no_credit");
  });

  it("keeps an instance of which a number is unknown", () => {
    for (const name of ["allocatedBytes", "handedOverBytes", "carriedByteMs", "creditMs"] as const) {
      expect(losslessVerdict({ ...full, [name]: Number.NaN }).restart).toBe(false);
    }
  });
});

import { describe, expect, it } from "vitest";
import { MIB } from "../../wasm/byte-units.ts";
import { situationOf } from "./testing/situation.ts";
import { thresholdPolicy } from "./threshold.ts";

const verdictAt = (allocatedBytes: number, requiredBytes: number) =>
  thresholdPolicy({ thresholdBytes: 16 * MIB })(situationOf({ estimate: { allocatedBytes, requiredBytes } }));

describe("the policy threshold", () => {
  it("restarts at a fixed size, whether the memory is needed or not", () => {
    expect(verdictAt(16 * MIB - 1, 0)).toEqual({ restart: false, reason: "below_threshold" });
    expect(verdictAt(16 * MIB, 16 * MIB)).toEqual({ restart: true, reason: "threshold" });
  });
});

import { describe, expect, it } from "vitest";
import { MIB } from "../../wasm/byte-units.ts";
import { phaseResult } from "./result.ts";
import type { Measurement } from "./run.ts";

function measured(mib: readonly number[], retiredMib = 0): Measurement {
  return { series: mib.map((value, index) => [index, value * MIB]), retiredBytes: retiredMib * MIB };
}

const steady = (mib: number, retiredMib?: number): Measurement[] => [measured([mib, mib, mib, mib], retiredMib)];

describe("the result of a memory measurement", () => {
  it("has the medians two seconds after the restart, and the time when memory was back for good", () => {
    const rounds = {
      "never-grown": steady(100),
      "no-restart": steady(164),
      plain: steady(165, 64),
      // Memory must stay low: the dip after one second in the second round does not count.
      restart: [measured([108, 164, 104, 104]), measured([109, 120, 103, 103], 64), measured([170, 109, 160, 103])],
    };
    expect(phaseResult(rounds)).toEqual({
      beforeBytes: 109 * MIB,
      freedBytes: 6 * MIB,
      neverGrownBytes: 100 * MIB,
      noRestartBytes: 164 * MIB,
      plainBytes: 165 * MIB,
      restartBytes: 104 * MIB,
      seconds: 2,
      plainRetiredBytes: 64 * MIB,
      retiredBytes: 0,
    });
  });

  it("has no time if memory never came back", () => {
    const rounds = {
      "never-grown": steady(100),
      "no-restart": steady(164),
      plain: steady(165),
      restart: steady(111),
    };
    expect(phaseResult(rounds).seconds).toBeNull();
  });
});

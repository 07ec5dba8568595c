import { describe, expect, it } from "vitest";
import { MIB } from "../../wasm/byte-units.ts";
import { mediansOf, phaseResult } from "./result.ts";
import type { Series } from "./run.ts";

function series(...mib: number[]): Series {
  return mib.map((value, index) => [index, value * MIB]);
}

const steady = (mib: number): Series[] => [series(mib, mib, mib, mib)];

describe("the result of a memory measurement", () => {
  it("has the medians two seconds after the restart, and the time when memory was back for good", () => {
    const medians = mediansOf({
      "never-grown": steady(100),
      "no-restart": steady(164),
      plain: steady(165),
      // Memory must stay low: the dip after one second in the second round does not count.
      restart: [series(108, 164, 104, 104), series(109, 120, 103, 103), series(170, 109, 160, 103)],
    });
    expect(phaseResult(medians)).toEqual({
      neverGrownBytes: 100 * MIB,
      noRestartBytes: 164 * MIB,
      plainBytes: 165 * MIB,
      restartBytes: 104 * MIB,
      seconds: 2,
    });
  });

  it("has no time if memory never came back", () => {
    const medians = mediansOf({
      "never-grown": steady(100),
      "no-restart": steady(164),
      plain: steady(165),
      restart: steady(111),
    });
    expect(phaseResult(medians).seconds).toBeNull();
  });
});

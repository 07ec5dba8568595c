import { describe, expect, it } from "vitest";
import { MIB } from "../../wasm/byte-units.ts";
import type { PhaseResult } from "./result.ts";
import { memoryTable } from "./table.ts";

function result(mib: number): PhaseResult {
  return {
    neverGrownBytes: 100 * MIB,
    beforeBytes: (100 + mib) * MIB,
    noRestartBytes: (100 + mib) * MIB,
    plainBytes: (100.5 + mib) * MIB,
    restartBytes: 101 * MIB,
    freedBytes: mib * MIB,
    seconds: 1,
    plainRetiredBytes: mib * MIB,
    retiredBytes: 0,
  };
}

describe("the table of a memory measurement", () => {
  it("says so if memory never came back", () => {
    const never = { idle: { ...result(4), seconds: null }, loaded: result(4) };
    expect(memoryTable(new Map([[4, never]])).split("\n")[2]).toMatch(/never \|$/);
  });

  it("has one line for each phase and size", () => {
    const phases = (mib: number) => ({ idle: result(mib), loaded: result(mib + 1) });
    const lines = memoryTable(
      new Map([
        [4, phases(4)],
        [64, phases(64)],
      ]),
    ).split("\n");
    expect(lines.slice(2)).toEqual([
      "| 4, idle | 100.0 | 104.0 | 104.0 | 104.5 | 101.0 | 4.0 | 4.0 | 0.0 | 1.00 s |",
      "| 64, idle | 100.0 | 164.0 | 164.0 | 164.5 | 101.0 | 64.0 | 64.0 | 0.0 | 1.00 s |",
      "| 4, loaded | 100.0 | 105.0 | 105.0 | 105.5 | 101.0 | 5.0 | 5.0 | 0.0 | 1.00 s |",
      "| 64, loaded | 100.0 | 165.0 | 165.0 | 165.5 | 101.0 | 65.0 | 65.0 | 0.0 | 1.00 s |",
    ]);
    expect(lines[0]!.split("|").length).toBe(lines[2]!.split("|").length);
  });
});

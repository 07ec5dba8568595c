import { describe, expect, test } from "vitest";
import { MIB } from "../../wasm/byte-units.ts";
import type { EvalResults } from "../results.ts";
import { headlineTable, markdownTable } from "./table.ts";
import { madeUpResults, NO_RESULTS } from "./testing/made-up-results.ts";
import { HOSTILE_NAME, renamed, withoutNumbers } from "./testing/renamed.ts";
import { withoutHandoverData } from "./without-handover.ts";

const results = madeUpResults({ workloads: ["constant", "diurnal"], guests: ["built-in", "doubling"] });

describe("the table on the terminal", () => {
  test("shows memory without handover, its price, and the opponents, with the worst seed beside each mean", () => {
    const [first, second] = results.gaps;
    const gap = { ...first!, meanAllocatedBytes: 5 * MIB, neverBytes: 10 * MIB, optimumBytes: 4 * MIB };
    const gaps = [
      { ...gap, bestUptimeBytes: 6.25 * MIB, withinShareBytes: 5 * MIB, gapClosed: 0.8 },
      {
        ...gap,
        seed: second!.seed,
        meanAllocatedBytes: 6 * MIB,
        bestUptimeBytes: 6 * MIB,
        withinShareBytes: 5 * MIB,
        gapClosed: 0.6,
      },
    ];
    const row = lineOf({ ...results, gaps }, gap.scenario, 1);
    expect(row).toMatch(/ 5\.50 +0\.12 % +0\.13 % +5\.00 +\+10\.0 % +\+20\.0 % +-10\.0 % +0\.0 % /);
    expect(row).toMatch(/ 4\.00 +\+37\.5 % +\+50\.0 % +75\.0 % +60\.0 %$/);
  });

  test("shows memory with handover beside blind timers, the floor and the work", () => {
    const gap = { ...results.handoverGaps[0]!, heldBytes: 5 * MIB, leastTimerBytes: 4 * MIB, floorBytes: 2.5 * MIB };
    const other = { ...gap, seed: 2, heldBytes: 4 * MIB, cpuShare: 7e-5 };
    const row = lineOf({ ...results, handoverGaps: [gap, other] }, gap.scenario.replace(" handover", ""));
    expect(row).toMatch(/ 4\.50 +250 +\+12\.5 % +\+25\.0 % +2\.50 +\+80\.0 % +\+100\.0 % +0\.0080 % +0\.0090 %$/);
  });

  test("averages the distances, not the bytes, over a set that it names", () => {
    const gaps = results.gaps.map((gap, index) => ({
      ...gap,
      meanAllocatedBytes: (index < 2 ? 2 : 1) * MIB,
      optimumBytes: MIB,
    }));
    const of = { ...results, gaps };
    expect(lineOf(of, "mean of built-in filter (2 scenarios)", 1)).toMatch(/\+50\.0 %/);
    expect(lineOf(of, "mean of other growth rules (2 scenarios)")).toMatch(/ 0\.0 %/);
    const text = headlineTable(of).replaceAll(/\s+/g, " ");
    expect(text).toContain("other growth rules: constant with doubling and diurnal with doubling.");
  });

  test("shows no mean of a column that is unknown for one scenario of the set", () => {
    const gaps = results.gaps.map((gap) =>
      gap.scenario === results.scenarios[0]!.name ? { ...gap, optimumBytes: Number.NaN } : gap,
    );
    const { averages, columns } = withoutHandoverData({ ...results, gaps });
    const mean = averages.find(([label]) => label!.startsWith("mean of built-in"))!;
    const optimum = columns.findIndex(({ group }) => group === "optimum");
    expect(mean.slice(optimum, optimum + 3)).toEqual(["–", "–", "–"]);
    expect(mean[1]).not.toBe("–");
  });

  test("aligns numbers: all rows of a table end in the same column", () => {
    const [table] = headlineTable(results).split("\n\n\n");
    const rows = table!.split("\n").filter((line) => /^(constant|diurnal|mean)/.test(line));
    expect(rows).toHaveLength(3);
    expect(new Set(rows.map((row) => row.length)).size).toBe(1);
  });

  test("shows how well the TTL was known and how many services fit", () => {
    const text = headlineTable(results);
    expect(text).toMatch(/5 min +2 of 2 +10 min +\+1\.8 % +1\.04 +0 s +3\.0 %/);
    expect(text).toMatch(/measured +18 +119\.20/);
  });

  test("shows a dash for an unknown number, never NaN, null or undefined", () => {
    const text = headlineTable(withoutNumbers(results));
    expect(text).toContain("–");
    expect(text).not.toMatch(/NaN|null|undefined|Infinity/);
  });

  test("says so when there are no runs", () => {
    expect(headlineTable(NO_RESULTS)).toBe("No runs: nothing to compare.");
  });

  test("contains no control characters from the name of a trace", () => {
    const text = headlineTable(renamed(results, results.scenarios[0]!.name, HOSTILE_NAME));
    expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    expect(text.split("\n").filter((line) => /^<\/svg>.* %/.test(line)).length).toBe(2);
  });
});

describe("the Markdown table", () => {
  test("has two halves with one scenario of each workload, and the price next to the memory", () => {
    const [lossless, lossy] = markdownTable(results).split("### Without handover");
    expect(lossless).toContain("### With handover");
    for (const half of [lossless!, lossy!]) {
      const lines = half.split("\n");
      expect(lines.filter((line) => line.startsWith("| constant"))).toHaveLength(1);
      expect(lines.filter((line) => line.startsWith("| diurnal"))).toHaveLength(1);
    }
    expect(lossy).toMatch(
      /\| diurnal T=300s \| \d\.\d\d \| \d\.\d\d \(2\.4 %\) \| \*\*\d\.\d\d\*\* \(0\.12 %; 0\.13 %\) \|/,
    );
  });

  test("has the same number of cells in every row when a trace has a hostile name", () => {
    const lines = markdownTable(renamed(results, results.scenarios[0]!.name, HOSTILE_NAME)).split("\n");
    const rows = lines.filter((line) => line.startsWith("|"));
    expect(new Set(rows.map((row) => row.replaceAll("\\|", "").split("|").length))).toEqual(new Set([12, 13]));
    expect(rows.join("\n")).not.toMatch(/<script|[^\\]\[z\]/);
  });

  test("has no unknown values when there are no runs", () => {
    expect(markdownTable(NO_RESULTS)).not.toMatch(/NaN|undefined/);
  });
});

/** A line with this start: the first is in the half with handover, if that has one. */
function lineOf(of: EvalResults, start: string, place = 0): string | undefined {
  const lines = headlineTable(of).split("\n");
  return lines.filter((line) => line.startsWith(start))[place];
}

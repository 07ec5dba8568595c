import { describe, expect, test } from "vitest";
import { MIB } from "../../wasm/byte-units.ts";
import type { EvalResults } from "../results.ts";
import { headlineTable, markdownTable } from "./table.ts";
import { madeUpResults, NO_RESULTS } from "./testing/made-up-results.ts";
import { HOSTILE_NAME, renamed, withoutNumbers } from "./testing/renamed.ts";

const results = madeUpResults({ workloads: ["constant", "diurnal"], guests: ["built-in", "doubling"] });

describe("the table on the terminal", () => {
  test("shows a scenario's price, and its distance from the optimum and the best uptime at that price", () => {
    const gap = {
      ...results.gaps[0]!,
      meanAllocatedBytes: 5 * MIB,
      optimumBytes: 4 * MIB,
      bestUptimeBytes: 6.25 * MIB,
    };
    const row = lineOf({ ...results, gaps: [gap] }, gap.scenario);
    expect(row).toMatch(/ 5\.00 +0\.12 % +26 .* 6\.25 +4\.00 +\+25\.0 % +-20\.0 %$/);
  });

  test("averages the distances, not the bytes, for each guest and for all", () => {
    const gaps = results.gaps.map((gap, index) => ({
      ...gap,
      meanAllocatedBytes: (index === 0 ? 2 : 1) * MIB,
      optimumBytes: MIB,
    }));
    expect(lineOf({ ...results, gaps }, "average of built-in (2 scenarios)")).toMatch(/\+50\.0 %/);
    expect(lineOf({ ...results, gaps }, "average of doubling (2 scenarios)")).toMatch(/ 0\.0 %/);
    expect(lineOf({ ...results, gaps }, "average of all compared (4 scenarios)")).toMatch(/\+25\.0 %/);
  });

  test("aligns numbers: all rows of a table end in the same column", () => {
    const rows = headlineTable(results)
      .split("\n")
      .filter((line) => /^(constant|diurnal|average)/.test(line) && / 26 /.test(line));
    expect(rows).toHaveLength(7);
    expect(new Set(rows.map((row) => row.length)).size).toBe(1);
  });

  test("shows how well the TTL was known and how many services fit", () => {
    const text = headlineTable(results);
    expect(text).toMatch(/5 min +2 of 2 +10 min +\+1\.8 % +-4\.2 % +3\.0 %/);
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
    expect(text.split("\n").filter((line) => line.startsWith("</svg>")).length).toBe(2);
  });
});

describe("the Markdown table", () => {
  test("has one scenario of each workload, with the price next to the memory", () => {
    const lines = markdownTable(results).split("\n");
    expect(lines.filter((line) => line.startsWith("| constant"))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith("| diurnal"))).toHaveLength(1);
    expect(lines.find((line) => line.startsWith("| diurnal"))).toMatch(
      /\| \d\.\d\d \(2\.4 %\) \| \*\*\d\.\d\d\*\* \(0\.12 %\) \|/,
    );
  });

  test("has the same number of cells in every row when a trace has a hostile name", () => {
    const lines = markdownTable(renamed(results, results.scenarios[0]!.name, HOSTILE_NAME)).split("\n");
    const rows = lines.filter((line) => line.startsWith("|"));
    expect(new Set(rows.map((row) => row.replaceAll("\\|", "").split("|").length))).toEqual(new Set([10]));
    expect(rows.join("\n")).not.toMatch(/<script|[^\\]\[z\]/);
  });

  test("has no unknown values when there are no runs", () => {
    expect(markdownTable(NO_RESULTS)).not.toMatch(/NaN|undefined/);
  });
});

function lineOf(of: EvalResults, start: string): string | undefined {
  return headlineTable(of)
    .split("\n")
    .find((line) => line.startsWith(start));
}

import type { EvalResults } from "../../results.ts";

/** The results with a scenario, its workload and its guest renamed: all three may be named after a file. */
export function renamed(results: EvalResults, from: string, to: string): EvalResults {
  const named = <Row extends { readonly scenario: string }>(rows: readonly Row[]): Row[] =>
    rows.map((row) => (row.scenario === from ? { ...row, scenario: to } : row));
  return {
    ...results,
    scenarios: results.scenarios.map((info) =>
      info.name === from ? { ...info, name: to, workload: to, guest: to } : info,
    ),
    runs: named(results.runs),
    frontiers: named(results.frontiers),
    gaps: named(results.gaps),
    handoverGaps: named(results.handoverGaps),
    curves: named(results.curves),
  };
}

/** A hostile but possible file name. */
export const HOSTILE_NAME = `</svg><script>alert("1")</script>&amp; 'x' | \`y\` [z](http://evil.example) \u001b[2J\u202e\ud800\n`;

/** The value with every number replaced by null, as JSON stores an unknown number. */
export function withoutNumbers<Value>(value: Value): Value {
  if (typeof value === "number") return null as Value;
  if (Array.isArray(value)) return value.map(withoutNumbers) as Value;
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withoutNumbers(part)])) as Value;
}

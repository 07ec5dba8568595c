import type { EvalResults } from "../../results.ts";

/** The same results with another name for what may be called after a file: the scenario and its workload. */
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
    curves: named(results.curves),
  };
}

/** A file can be called all of this. */
export const HOSTILE_NAME = `</svg><script>alert("1")</script>&amp; 'x' | \`y\` [z](http://evil.example) \u001b[2J\u202e\ud800\n`;

/** As they come back from JSON, where a number that could not be had is null. */
export function withoutNumbers<Value>(value: Value): Value {
  if (typeof value === "number") return null as Value;
  if (Array.isArray(value)) return value.map(withoutNumbers) as Value;
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withoutNumbers(part)])) as Value;
}

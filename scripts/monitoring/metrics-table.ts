import { describe, FAMILY_NAMES } from "../../worker/operator/metrics/families.ts";

const BEGIN = "<!-- made by npm run monitoring -->";
const END = "<!-- end -->";

/** The page with its table of all metrics made anew. @throws Error if the page has no place for it */
export function withMetricsTable(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END, begin);
  if (begin < 0 || end < 0) throw new Error(`docs/metrics.md needs the lines "${BEGIN}" and "${END}"`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${metricsTable()}\n\n${page.slice(end)}`;
}

function metricsTable(): string {
  const rows = FAMILY_NAMES.map((name) => {
    const { type, labels, help, isState } = describe(name);
    const shown = labels.length === 0 ? "" : labels.map((label) => `\`${label}\``).join(", ");
    return `| \`${name}\` | ${type} | ${shown} | ${isState ? "Now: " : ""}${help} |`;
  });
  return ["| metric | type | labels | meaning |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

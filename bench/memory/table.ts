import { MIB } from "../../wasm/byte-units.ts";
import type { PhaseResult } from "./result.ts";
import type { Phase, SizeMib } from "./run.ts";

const BYTES: readonly (readonly [head: string, of: (result: PhaseResult) => number])[] = [
  ["never grown", ({ neverGrownBytes }) => neverGrownBytes],
  ["before", ({ beforeBytes }) => beforeBytes],
  ["no restart", ({ noRestartBytes }) => noRestartBytes],
  ["plain re-instantiation", ({ plainBytes }) => plainBytes],
  ["this restart", ({ restartBytes }) => restartBytes],
  ["freed", ({ freedBytes }) => freedBytes],
  ["retired, plain", ({ plainRetiredBytes }) => plainRetiredBytes],
  ["retired", ({ retiredBytes }) => retiredBytes],
];

/** The results as a Markdown table, sizes in MiB. */
export function memoryTable(results: ReadonlyMap<SizeMib, Readonly<Record<Phase, PhaseResult>>>): string {
  const heads = ["filter, MiB", ...BYTES.map(([head]) => head), "back after"];
  const lines = [row(heads), `| --- ${"| ---: ".repeat(heads.length - 1)}|`];
  for (const phase of ["idle", "loaded"] as const) {
    for (const [size, phases] of results) {
      const result = phases[phase];
      const sizes = BYTES.map(([, of]) => (of(result) / MIB).toFixed(1));
      const back = result.seconds === null ? "never" : `${result.seconds.toFixed(2)} s`;
      lines.push(row([`${size}, ${phase}`, ...sizes, back]));
    }
  }
  return lines.join("\n");
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

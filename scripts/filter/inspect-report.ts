import { DEFAULT_HARD_LIMIT_BYTES } from "../../config/schema/restart.ts";
import { called } from "../called.ts";
import type { InspectResult } from "./inspect.ts";
import type { Refused } from "./open.ts";
import { recordLines, seriesLines } from "./report-parts.ts";
import { bytesText, countText, labelled, safeText } from "./text.ts";

const LINE_WIDTH = 100;
/** Real filters have far fewer names, but a module may have a hundred thousand. */
const SHOWN_NAMES = 500;
const SHOWN_PROBLEMS = 20;

/** The result of `inspect` for people. */
export function inspectReport(result: InspectResult): string {
  const { exports, imports, stages, start, series } = result;
  const ticks = start.tickPeriodMs > 0 ? `, wants a tick every ${start.tickPeriodMs} ms` : "";
  const lines = [
    ...labelled("filter", `${result.file}, ${bytesText(result.fileBytes)}`),
    ...labelled("ABI", `Proxy-Wasm ${result.abiVersion}`),
    ...labelled("toolchain", safeText(result.toolchain ?? "unknown: nothing in the module shows it")),
    ...labelled("exports", [
      ...listed("callback", "called", exports.called),
      ...listed("callback", "never called here", exports.uncalled),
      ...listed("export", "of its own", exports.other),
    ]),
    ...labelled("imports", [
      ...listed("function", "answered", imports.answered),
      ...listed("function", "not implemented, answering UNIMPLEMENTED", imports.unimplemented),
      ...listed("function", "unknown, answering UNIMPLEMENTED or, of WASI, ENOSYS", imports.unknown),
    ]),
    ...labelled("stages", stageLines(stages)),
    ...labelled("memory", memoryLines(result)),
    ...labelled("restart", result.handover ? "hands its live entries over" : "begins with an empty cache"),
    ...labelled("start", `ok, ${bytesText(start.bytes)} of linear memory${ticks}`),
    ...recordLines("", start.records),
    ...(series === undefined ? [] : seriesLines(series)),
  ];
  return lines.join("\n");
}

/** Why a module is refused, for people. */
export function refusalReport({ file, problems, hint, atStart }: Refused): string {
  const reasons = problems
    .slice(0, SHOWN_PROBLEMS)
    .map(({ reason, message }) => `${file}: refused: ${safeText(message)} (${reason})`);
  const lines = [
    ...reasons,
    ...moreLine(problems.length - SHOWN_PROBLEMS, "reason"),
    ...recordLines("at start", atStart),
    ...(hint === undefined ? [] : labelled("hint", hint)),
  ];
  return lines.join("\n");
}

function memoryLines({ memory, file }: InspectResult): string[] {
  if (memory.ok) return [`may grow to ${bytesText(memory.maximumBytes)}`];
  const usual = bytesText(DEFAULT_HARD_LIMIT_BYTES);
  return [
    memory.found,
    `  WARNING ${called("check-config")} refuses it: ${usual}, or the service's restart.hardLimitBytes, is the highest maximum allowed`,
    ...(memory.canBeCapped ? [`  ${called("filter", `cap ${file}`)}`] : []),
  ];
}

function stageLines({ optional, impossible }: InspectResult["stages"]): string[] {
  const lines = ["request-headers: always runs"];
  if (optional.length > 0) {
    lines.push(`${optional.join(", ")}:`, "  WARNING exported, but off unless the service's `stages` names them");
    lines.push("  (SDKs export every callback, used or not)");
  }
  if (impossible.length > 0) {
    lines.push(
      `${impossible.join(", ")}:`,
      "  WARNING exported, but never run by a gateway: Workers hands out no trailers",
    );
  }
  return lines;
}

function listed(thing: string, state: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const shown = [...wrapped(names.slice(0, SHOWN_NAMES)), ...moreLine(names.length - SHOWN_NAMES, thing)];
  return [`${countText(names.length, thing)} ${state}:`, ...shown.map((line) => `  ${line}`)];
}

function moreLine(more: number, thing: string): string[] {
  return more > 0 ? [`… and ${countText(more, thing)} more (all of them with --json)`] : [];
}

/** Names separated by commas, in lines that fit a terminal. */
function wrapped(names: readonly string[]): string[] {
  const lines: string[] = [];
  for (const name of names.map(safeText)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + name.length + 2 <= LINE_WIDTH) lines[lines.length - 1] = `${last}, ${name}`;
    else lines.push(name);
  }
  return lines;
}

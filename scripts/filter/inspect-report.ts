import { DEFAULT_HARD_LIMIT_BYTES } from "../../config/schema/restart.ts";
import { called } from "../called.ts";
import type { InspectResult } from "./inspect.ts";
import type { Refused } from "./open.ts";
import {
  configurationLines,
  failedLines,
  recordLines,
  seriesLines,
  unansweredLines,
  verdictText,
} from "./report-parts.ts";
import type { Series } from "./series.ts";
import { bytesText, countText, labelled, safeText } from "./text.ts";
import { grpcWarnings } from "./warnings.ts";

const LINE_WIDTH = 100;
/** Real filters have far fewer names, but a module may have a hundred thousand. */
const SHOWN_NAMES = 500;
const SHOWN_PROBLEMS = 20;

/** The result of `inspect` for people. */
export function inspectReport(result: InspectResult): string {
  const { exports, imports, stages, start, series, sameRequest } = result;
  const ticks = start.tickPeriodMs > 0 ? `, wants a tick every ${start.tickPeriodMs} ms` : "";
  const lines = [
    ...grpcWarnings("the filter", imports),
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
    ...configurationLines(result.configuration),
    ...labelled("start", `ok, ${bytesText(start.bytes)} of linear memory${ticks}`),
    ...recordLines("", start.records),
    ...unansweredLines(start.unansweredCalls),
    ...askedLines(result),
    ...allStagesLines(result.inAllStages),
    ...(series === undefined ? [] : [...seriesLines(series), ...failedLines(series)]),
    ...(sameRequest === undefined ? [] : [...seriesLines(sameRequest, "same"), ...failedLines(sameRequest)]),
    ...(series === undefined ? [] : verdictLines(result, series)),
  ];
  return lines.join("\n");
}

/** A filter that fails only in stages that a service must name. */
function allStagesLines(verdict: InspectResult["inAllStages"]): string[] {
  if (verdict?.kind !== "failed" && verdict?.kind !== "waits") return [];
  return labelled("WARNING", `a request through all stages that it exports: ${verdictText(verdict)}`);
}

/** What to configure for the filter, and what it will not get. */
function askedLines({ asked, start, series }: InspectResult): string[] {
  const { clusters, gaps, hostCalls, hasInitialiser } = asked;
  const called = [...clusters].map(([name, calls]) => `${safeText(name)} (${countText(calls, "call")})`);
  const listed = (label: string, names: readonly string[], what: string) =>
    names.length === 0 ? [] : labelled(label, [...wrapped(names), `  ${what}`]);
  const properties = [...gaps.properties];
  const missing = [...gaps.unimplemented, ...[...gaps.foreignFunctions].map((name) => `foreign function ${name}`)];
  return [
    ...listed("clusters", called, "called: the service's `clusters` must have each by this name"),
    ...listed(
      "properties",
      properties,
      "asked for and not answered: the service's `properties` can have them, the same for all requests",
    ),
    ...listed("missing", missing, "called and not there: if it continues then, it lets requests pass"),
    ...(hasInitialiser
      ? []
      : labelled(
          "hint",
          "no initialiser found: no _initialize, _start or start section, so nothing of its runtime is set up",
        )),
    ...(hostCalls === 0 && start.records.logs.length === 0 && series !== undefined && series.requests > 0
      ? labelled(
          "hint",
          "it made no host call at all, at its start or in a request: is this the right root ID (--root-id)?",
        )
      : []),
  ];
}

/** What the memory's growth means. */
function verdictLines({ growth, sameRequest }: InspectResult, series: Series): string[] {
  const beyond = [series, sameRequest].flatMap((one) => beyondLines(one));
  switch (growth.kind) {
    case "none":
      return ["", ...labelled("verdict", ["memory does not keep growing", ...beyond])];
    case "leak":
      return [
        "",
        ...labelled("verdict", [
          `a LEAK: memory keeps growing over one and the same request, by ${bytesText(Math.round(growth.bytesPerRequest))} each`,
          ...beyond,
        ]),
      ];
    case "cache":
      return [
        "",
        ...labelled("verdict", [
          `a cache: memory grows only over requests that differ, by ${bytesText(Math.round(growth.bytesPerRequest))} each`,
          ...beyond,
        ]),
      ];
    case "unknown":
      return beyond.length === 0 ? [] : ["", ...labelled("verdict", beyond)];
  }
}

/** Where a series grew beyond what a service allows by default. */
function beyondLines(series: Series | undefined): string[] {
  const past = series?.sizes.find(({ bytes }) => bytes > DEFAULT_HARD_LIMIT_BYTES);
  if (past === undefined) return [];
  const limit = `${bytesText(DEFAULT_HARD_LIMIT_BYTES)}, the default of restart.hardLimitBytes`;
  return [`WARNING beyond ${limit}, after ${countText(past.request, "request")}: a gateway restarts it there`];
}

/** Why a module is refused, for people. */
export function refusalReport({ file, configuration, problems, hint, atStart }: Refused): string {
  const reasons = problems
    .slice(0, SHOWN_PROBLEMS)
    .map(({ reason, message }) => `${file}: refused: ${safeText(message)} (${reason})`);
  const lines = [
    ...reasons,
    ...moreLine(problems.length - SHOWN_PROBLEMS, "reason"),
    ...configurationLines(configuration),
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

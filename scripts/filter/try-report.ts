import type { MetricSnapshot } from "../../wasm/host/index.ts";
import { mayLeaveOpen } from "./gaps.ts";
import {
  configurationLines,
  failedLines,
  recordLines,
  seriesLines,
  unansweredLines,
  verdictText,
} from "./report-parts.ts";
import type { Message, Step } from "./run-request.ts";
import { bodyText, bytesText, countText, labelled, safeText } from "./text.ts";
import { askedInVain, type TryResult } from "./try.ts";

/** The result of `try` for people. */
export function tryReport(result: TryResult): string {
  const { first, series, notes } = result;
  const lines = [
    ...result.warnings,
    ...labelled("filter", `${result.file}, Proxy-Wasm ABI ${result.abiVersion}`),
    ...configurationLines(result.configuration),
    ...recordLines("at start", result.atStart),
    ...unansweredLines(result.unansweredStartCalls),
    "",
    ...labelled("request", requestLine(result.request)),
    ...first.steps.flatMap(stepLines),
    ...recordLines("", first.records),
    ...labelled("decision", verdictText(first.verdict)),
    ...(first.request === undefined ? [] : messageLines("upstream", first.request)),
    ...(first.response === undefined ? [] : messageLines("client", first.response)),
    "",
    ...recordLines("at end", result.atEnd),
    ...(failedAtEnd(result) ? labelled("", "(a gateway tolerates a filter that fails at its end)") : []),
    ...result.metrics.flatMap((metric, index) => labelled(index === 0 ? "metrics" : "", metricText(metric))),
    ...labelled("memory", memoryText(result)),
    ...(series === undefined ? [] : [...seriesLines(series), ...failedLines(series)]),
    ...openLines(result),
    ...notes.flatMap((note) => ["", ...labelled("NOTE", note)]),
  ];
  return lines.join("\n");
}

/** Why the exit code is 1 although the filter decided. */
function openLines(result: TryResult): string[] {
  const asked = askedInVain(result);
  if (!mayLeaveOpen(asked)) return [];
  const names = [...asked.unknownClusters, ...asked.unimplemented, ...asked.foreignFunctions].map(safeText).join(", ");
  const what = `the filter called what is not there: ${names}. If it continues without, it is an open gate`;
  return ["", ...labelled("MISSING", what)];
}

function failedAtEnd({ atEnd }: TryResult): boolean {
  return atEnd.logs.some(({ level }) => level === "critical");
}

function requestLine({ headers, body }: Message): string {
  const value = (name: string): string => headers.find(([candidate]) => candidate === name)?.[1] ?? "";
  const sent = body.length === 0 ? "" : `, ${countText(body.length, "byte")}`;
  return safeText(`${value(":method")} ${value(":scheme")}://${value(":authority")}${value(":path")}${sent}`);
}

function stepLines({ stage, answer, waitedMs, bytesIn, bytesOut, changes }: Step): string[] {
  const bytes =
    bytesIn === undefined ? "" : ` ${countText(bytesIn, "byte")} in${bytesOut === undefined ? "" : `, ${bytesOut} on`}`;
  const waited = waitedMs === 0 ? "" : ` after ${waitedMs} ms`;
  const answered = {
    continue: "continue",
    buffer: "held back",
    respond: "local response",
    failed: "failed",
    waits: "no answer",
  };
  return [
    ...labelled("", `${stage}${bytes}: ${answered[answer]}${waited}`),
    ...changes.flatMap(({ name, values }) =>
      labelled(
        "",
        values.length === 0 ? `  - ${safeText(name)}` : values.map((value) => `  = ${safeText(`${name}: ${value}`)}`),
      ),
    ),
  ];
}

function messageLines(label: string, { headers, body, trailers }: Message): string[] {
  const lines = [
    ...headers.map(([name, value]) => safeText(`${name}: ${value}`)),
    ...(body.length === 0 ? [] : [`| ${bodyText(body)}`]),
    ...trailers.map(([name, value]) => safeText(`${name}: ${value}  (trailer)`)),
  ];
  return labelled(label, lines);
}

function metricText({ type, name, value }: MetricSnapshot): string {
  return safeText(`${name} ${value} (${type})`);
}

function memoryText({ memory }: TryResult): string {
  return `${bytesText(memory.atStartBytes)} at start, ${bytesText(memory.afterFirstBytes)} after the request`;
}

import type { MetricSnapshot } from "../../wasm/host/index.ts";
import { recordLines, seriesLines } from "./report-parts.ts";
import type { Message, Step, Verdict } from "./run-request.ts";
import { bodyText, bytesText, countText, labelled, safeText } from "./text.ts";
import { PATIENCE_MS } from "./trial.ts";
import type { TryResult } from "./try.ts";

/** The result of `try` for people. */
export function tryReport(result: TryResult): string {
  const { first, series, notes } = result;
  const lines = [
    ...labelled("filter", `${result.file}, Proxy-Wasm ABI ${result.abiVersion}`),
    ...recordLines("at start", result.atStart),
    "",
    ...labelled("request", requestLine(result.request)),
    ...first.steps.flatMap(stepLines),
    ...recordLines("", first.records),
    ...labelled("decision", decisionText(first.verdict)),
    ...(first.request === undefined ? [] : messageLines("upstream", first.request)),
    ...(first.response === undefined ? [] : messageLines("client", first.response)),
    "",
    ...recordLines("at end", result.atEnd),
    ...(failedAtEnd(result) ? labelled("", "(a gateway tolerates a filter that fails at its end)") : []),
    ...result.metrics.flatMap((metric, index) => labelled(index === 0 ? "metrics" : "", metricText(metric))),
    ...labelled("memory", memoryText(result)),
    ...(series === undefined ? [] : seriesLines(series)),
    ...notes.flatMap((note) => ["", ...labelled("NOTE", note)]),
  ];
  return lines.join("\n");
}

function failedAtEnd({ atEnd }: TryResult): boolean {
  return atEnd.logs.some(({ level }) => level === "critical");
}

function decisionText(verdict: Verdict): string {
  switch (verdict.kind) {
    case "pass":
      return "continue: the request goes on";
    case "respond":
      return `local response ${verdict.status} at ${verdict.stage}${verdict.details === "" ? "" : ` (${safeText(verdict.details)})`}`;
    case "failed":
      return `FAILED at ${verdict.stage}: ${verdict.reason}: ${safeText(verdict.message)} (the client gets 503)`;
    case "waits":
      return `NONE: the filter still waits at ${verdict.stage} after ${PATIENCE_MS / 1_000} s`;
  }
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

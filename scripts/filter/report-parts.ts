import type { HeaderList } from "../../wasm/host/index.ts";
import type { Gaps } from "./gaps.ts";
import { growthText } from "./growth.ts";
import type { TakenConfiguration } from "./open.ts";
import type { Verdict } from "./run-request.ts";
import type { CallRecord, LogLine, Records } from "./scripted-services.ts";
import type { Series } from "./series.ts";
import { bytesText, countText, labelled, safeText } from "./text.ts";
import { PATIENCE_MS, START_CALLS_MS } from "./trial.ts";

/** Parts that the reports of both commands share. */

const SHOWN_LOG_LINES = 40;
const SHOWN_CALLS = 40;
const SHOWN_SIZES = 12;

/** Where the filter's configuration came from, if it was taken out of something. */
export function configurationLines({ source, bytes, rootId }: TakenConfiguration): string[] {
  if (source === undefined) return [];
  const root = rootId === "" ? "" : `, root ID ${safeText(JSON.stringify(rootId))}`;
  return labelled("config", `${safeText(source)}: ${countText(bytes, "byte")}${root}`);
}

/** What the gateway's requests would not have waited for. */
export function unansweredLines(calls: number): string[] {
  if (calls === 0) return [];
  const what = `${countText(calls, "call")} of the start had no reply after ${START_CALLS_MS / 1_000} s: requests go on without`;
  return labelled("WARNING", what);
}

/** Calls, what was missing, and log lines. */
export function recordLines(label: string, { calls, logs, gaps }: Records): string[] {
  const lines = [
    ...calls.slice(0, SHOWN_CALLS).map(callText),
    ...(calls.length > SHOWN_CALLS ? [`… and ${countText(calls.length - SHOWN_CALLS, "call")} more`] : []),
    ...gapLines(gaps),
    ...logs.slice(0, SHOWN_LOG_LINES).map(logText),
    ...(logs.length > SHOWN_LOG_LINES ? [`… and ${countText(logs.length - SHOWN_LOG_LINES, "log line")} more`] : []),
  ];
  return labelled(label, lines);
}

function gapLines({ unknownClusters, unimplemented, foreignFunctions }: Gaps): string[] {
  return [
    ...[...unknownClusters].map((name) => `call ${safeText(name)}: no such cluster: --replies names none of that name`),
    ...[...unimplemented].map((name) => `call of ${safeText(name)}: not implemented here`),
    ...[...foreignFunctions].map(
      (name) => `call of the foreign function ${safeText(name)}: there is none of that name`,
    ),
  ];
}

function callText({ call, result, note, afterMs }: CallRecord): string {
  const value = (name: string): string => call.headers.find(([candidate]) => candidate === name)?.[1] ?? "";
  const outcome =
    result === undefined
      ? "no reply yet"
      : `${result.ok ? statusOf(result.headers) : result.reason} after ${afterMs} ms${note === undefined ? "" : ` (${note})`}`;
  return safeText(`call ${call.cluster}: ${value(":method")} ${value(":path")} -> ${outcome}`);
}

export function logText({ level, message }: LogLine): string {
  return `${level}: ${safeText(message)}`;
}

function statusOf(headers: HeaderList): string {
  return headers.find(([name]) => name === ":status")?.[1] ?? "";
}

/** The result of many requests. */
export function seriesLines(series: Series, label = "repeated"): string[] {
  const { requests, outcomes, growth, sizes, microsecondsPerRequest } = series;
  const [first, last] = [sizes[0]!, sizes.at(-1)!];
  const each = `${microsecondsPerRequest.toFixed(1)} us each (filter and host, on this machine)`;
  const table = thinned(sizes).map(({ request, bytes }) => `${String(request).padStart(9)}  ${bytesText(bytes)}`);
  return [
    "",
    ...labelled(label, [
      `${countText(requests, "request")}, ${each}${endText(series)}`,
      ...outcomes.map(({ outcome, count }) => `${count} x ${safeText(outcome)}`),
    ]),
    ...labelled("growth", [
      `${growthText(growth)}: ${bytesText(first.bytes)} -> ${bytesText(last.bytes)}`,
      ...(first.bytes === last.bytes ? [] : ["  request  memory", ...table]),
    ]),
  ];
}

/** The first request of a series that failed, with what the filter logged last. */
export function failedLines({ failed }: Series): string[] {
  if (failed === undefined) return [];
  const { request, verdict, logs } = failed;
  const last = logs.slice(-SHOWN_LOG_LINES);
  return labelled("FAILED", [`request ${request}: ${verdictText(verdict)}`, ...last.map(logText)]);
}

/** What a filter decided of a request. */
export function verdictText(verdict: Verdict): string {
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

function endText({ endedBy }: Series): string {
  switch (endedBy) {
    case undefined:
      return "";
    case "time":
      return "; ended at the time limit";
    case "memory":
      return "; ended at the memory limit";
    case "failure":
      return "; ended because the FILTER FAILED";
  }
}

/** The first and the last item, and evenly spaced ones between them. */
function thinned<Item>(items: readonly Item[]): Item[] {
  if (items.length <= SHOWN_SIZES) return [...items];
  return Array.from(
    { length: SHOWN_SIZES },
    (_, index) => items[Math.round((index * (items.length - 1)) / (SHOWN_SIZES - 1))]!,
  );
}

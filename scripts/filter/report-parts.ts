import type { HeaderList } from "../../wasm/host/index.ts";
import { growthText } from "./growth.ts";
import type { CallRecord, LogLine, Records } from "./scripted-services.ts";
import type { Series } from "./series.ts";
import { bytesText, countText, labelled, safeText } from "./text.ts";

/** Parts that the reports of both commands share. */

const SHOWN_LOG_LINES = 40;
const SHOWN_SIZES = 12;

/** Calls and log lines. */
export function recordLines(label: string, { calls, logs, unknownClusters }: Records): string[] {
  const lines = [
    ...calls.map(callText),
    ...[...unknownClusters].map((name) => `call ${safeText(name)}: no such cluster: --replies names none of that name`),
    ...logs.slice(0, SHOWN_LOG_LINES).map(logText),
    ...(logs.length > SHOWN_LOG_LINES ? [`… and ${countText(logs.length - SHOWN_LOG_LINES, "log line")} more`] : []),
  ];
  return labelled(label, lines);
}

function callText({ call, result, note, afterMs }: CallRecord): string {
  const value = (name: string): string => call.headers.find(([candidate]) => candidate === name)?.[1] ?? "";
  const outcome =
    result === undefined
      ? "no reply yet"
      : `${result.ok ? statusOf(result.headers) : result.reason} after ${afterMs} ms${note === undefined ? "" : ` (${note})`}`;
  return safeText(`call ${call.cluster}: ${value(":method")} ${value(":path")} -> ${outcome}`);
}

function logText({ level, message }: LogLine): string {
  return `${level}: ${safeText(message)}`;
}

function statusOf(headers: HeaderList): string {
  return headers.find(([name]) => name === ":status")?.[1] ?? "";
}

/** The result of many requests. */
export function seriesLines(series: Series): string[] {
  const { requests, outcomes, growth, sizes, microsecondsPerRequest } = series;
  const [first, last] = [sizes[0]!, sizes.at(-1)!];
  const each = `${microsecondsPerRequest.toFixed(1)} us each (filter and host, on this machine)`;
  const table = thinned(sizes).map(({ request, bytes }) => `${String(request).padStart(9)}  ${bytesText(bytes)}`);
  return [
    "",
    ...labelled("repeated", [
      `${countText(requests, "request")}, ${each}${endText(series)}`,
      ...outcomes.map(({ outcome, count }) => `${count} x ${safeText(outcome)}`),
    ]),
    ...labelled("growth", [
      `${growthText(growth)}: ${bytesText(first.bytes)} -> ${bytesText(last.bytes)}`,
      ...(first.bytes === last.bytes ? [] : ["  request  memory", ...table]),
    ]),
  ];
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

import type { Gateway } from "../../config/index.ts";
import type { DirectoryReading } from "../../durable/directory/directory-rpc.ts";
import { REPORT_VERSION } from "../../durable/directory/directory-rpc.ts";
import { pointOf } from "../../durable/directory/history-point.ts";
import type { DirectoryReport } from "../../durable/directory/service-report.ts";
import { directoryObject, type Env, serviceObject } from "../../durable/environment.ts";
import type { IsolateSnapshot } from "../../durable/memory/isolate.ts";
import { gatewayProblems } from "./gateway-problems.ts";
import type { GatewayReport, ServiceEntry } from "./gateway-report.ts";
import type { StatsQuery } from "./read-stats-query.ts";
import { windowReport } from "./window-report.ts";

/** What to report. */
export interface ReportRequest extends Omit<StatsQuery, "service"> {
  /** Names of the services to show. */
  readonly services: readonly string[];
  readonly nowMs: number;
}

/** The report on services: from the directory, which wakes none of them, or from their objects. Never rejects. */
export async function gatewayReport(gateway: Gateway, env: Env, request: ReportRequest): Promise<GatewayReport> {
  const { services, nowMs } = request;
  const { fault } = gateway;
  const [told, reading] = fault === undefined ? await figures(env, request) : [new Map<string, Told>(), NO_HISTORY];
  const entries = services.map((name): ServiceEntry => {
    if (fault !== undefined) return { name, error: fault };
    const found = told.get(name);
    if (found === undefined) return { name, waitingFor: "first_request" };
    return "error" in found ? { name, error: found.error } : entryOf(found, reading, request);
  });
  return {
    schema: 1,
    version: gateway.version,
    atMs: nowMs,
    problems: gatewayProblems(gateway, env),
    isolates: isolatesOf([...told.values()]),
    services: entries,
  };
}

/** What the directory knows. @throws Error if it cannot be asked */
export function directoryReading(
  env: Env,
  query: { services: readonly string[]; sinceMs?: number },
): Promise<DirectoryReading> {
  return directoryObject(env).readDirectory(REPORT_VERSION, query);
}

type Told = DirectoryReport | { readonly error: string };

const NO_HISTORY: DirectoryReading = { entries: [], history: {} };

async function figures(env: Env, request: ReportRequest): Promise<[ReadonlyMap<string, Told>, DirectoryReading]> {
  const { services, windowMs, nowMs, wake } = request;
  const needsDirectory = !wake || windowMs !== undefined;
  const query = { services, ...(windowMs === undefined ? {} : { sinceMs: nowMs - windowMs }) };
  const reading = needsDirectory ? await readingOr(env, query) : NO_HISTORY;
  if (wake)
    return [new Map(await Promise.all(services.map((name) => asked(env, name, request.samples)))), asReading(reading)];
  if ("error" in reading) return [new Map(services.map((name) => [name, reading])), NO_HISTORY];
  return [new Map(reading.entries.map((entry) => [entry.service, entry])), reading];
}

async function readingOr(
  env: Env,
  query: { services: readonly string[]; sinceMs?: number },
): Promise<DirectoryReading | { error: string }> {
  try {
    return await directoryReading(env, query);
  } catch (error) {
    return { error: `the directory: ${String(error)}` };
  }
}

function asReading(reading: DirectoryReading | { error: string }): DirectoryReading {
  return "error" in reading ? NO_HISTORY : reading;
}

async function asked(env: Env, name: string, samples: boolean): Promise<[string, Told]> {
  try {
    const query = new URLSearchParams({ service: name, ...(samples ? { samples: "1" } : {}) });
    const response = await serviceObject(env, name).fetch(`https://object/report?${query}`);
    if (!response.ok) return [name, { error: `the object answered ${response.status}: ${await response.text()}` }];
    return [name, await response.json<DirectoryReport>()];
  } catch (error) {
    return [name, { error: String(error) }];
  }
}

function entryOf(
  { report }: DirectoryReport,
  { history }: DirectoryReading,
  { windowMs, nowMs }: ReportRequest,
): ServiceEntry {
  if (windowMs === undefined) return report;
  const points = (history[report.name] ?? []).filter(({ timeMs }) => timeMs < report.atMs);
  const window = windowReport([...points, pointOf(report)], windowMs, nowMs);
  return window === undefined ? report : { ...report, window };
}

/** Each isolate once, with the newest figures of its services. */
function isolatesOf(told: readonly Told[]): IsolateSnapshot[] {
  const reports = told.filter((one): one is DirectoryReport => !("error" in one));
  const newestLast = reports.toSorted((a, b) => a.report.atMs - b.report.atMs);
  return [...new Map(newestLast.map(({ isolate }) => [isolate.isolateId, isolate])).values()];
}

import type { Gateway } from "../../config/index.ts";
import type { DirectoryQuery, DirectoryReading } from "../../durable/directory/directory-rpc.ts";
import { REPORT_VERSION } from "../../durable/directory/directory-rpc.ts";
import { pointOf } from "../../durable/directory/history-point.ts";
import type { DirectoryReport } from "../../durable/directory/service-report.ts";
import { directoryObject, type Env, serviceObject } from "../../durable/environment.ts";
import type { IsolateSnapshot } from "../../durable/memory/isolate.ts";
import { ownEntry } from "../../durable/metrics/own-entry.ts";
import { withTimeout } from "../../durable/runtime/async.ts";
import { againAfterReset } from "../object-errors.ts";
import { ASLEEP_AFTER_MS, windowEndMs } from "./asleep.ts";
import { gatewayProblems } from "./gateway-problems.ts";
import type { GatewayReport, ServiceEntry } from "./gateway-report.ts";
import type { StatsQuery } from "./read-stats-query.ts";
import { windowReport } from "./window-report.ts";

/** An object that is only busy answers sooner. */
const TIMEOUT_MS = 5_000;

/** What to report. */
export interface ReportRequest extends Omit<StatsQuery, "service"> {
  /** Names of the services to show. */
  readonly services: readonly string[];
  readonly nowMs: number;
  /** The window of a service that sleeps ends with its last figures; without this, every window ends now. */
  readonly lastAwake?: true;
}

/** A report, and the points that its windows are made of; none without a window. */
export interface Figures {
  readonly report: GatewayReport;
  readonly history: DirectoryReading["history"];
}

/** The report on services: from the directory, which wakes none of them, or from their objects. Never rejects. */
export async function gatewayReport(gateway: Gateway, env: Env, request: ReportRequest): Promise<GatewayReport> {
  return (await collect(gateway, env, request, "base")).report;
}

/** The report with the whole history of its window, by one call to the directory. For few services. Never rejects. */
export function gatewayFigures(gateway: Gateway, env: Env, request: ReportRequest): Promise<Figures> {
  return collect(gateway, env, request, "all");
}

async function collect(gateway: Gateway, env: Env, request: ReportRequest, points: Points): Promise<Figures> {
  const { services, nowMs } = request;
  const { fault } = gateway;
  const [told, reading] =
    fault === undefined ? await figures(env, request, points) : [new Map<string, Told>(), NO_HISTORY];
  const entries = services.map((name): ServiceEntry => {
    if (fault !== undefined) return { name, error: fault };
    const found = told.get(name);
    if (found === undefined) return { name, waitingFor: "first_request" };
    return "error" in found ? { name, error: found.error } : entryOf(found, reading, request);
  });
  const report: GatewayReport = {
    schema: 1,
    version: gateway.version,
    atMs: nowMs,
    problems: gatewayProblems(gateway, env),
    isolates: isolatesOf([...told.values()]),
    services: entries,
  };
  return { report, history: reading.history };
}

/** What the directory knows. @throws Error if it cannot be asked, or does not answer in time */
export function directoryReading(env: Env, query: ServicesQuery): Promise<DirectoryReading> {
  return inTime(againAfterReset(async () => directoryObject(env).readDirectory(REPORT_VERSION, query)));
}

type ServicesQuery = DirectoryQuery & { readonly services: readonly string[] };
type Points = DirectoryQuery["points"] & string;

type Told = DirectoryReport | { readonly error: string };

const NO_HISTORY: DirectoryReading = { entries: [], history: {} };

async function figures(
  env: Env,
  request: ReportRequest,
  points: Points,
): Promise<[ReadonlyMap<string, Told>, DirectoryReading]> {
  const { services, windowMs, wake } = request;
  const needsDirectory = !wake || windowMs !== undefined;
  const query = { services, ...(windowMs === undefined ? {} : { ...pointsSince(windowMs, request), points }) };
  const reading = needsDirectory ? await readingOr(env, query) : NO_HISTORY;
  if (wake)
    return [new Map(await Promise.all(services.map((name) => asked(env, name, request.samples)))), asReading(reading)];
  if ("error" in reading) return [new Map(services.map((name) => [name, reading])), NO_HISTORY];
  return [new Map(reading.entries.map((entry) => [entry.service, entry])), reading];
}

function pointsSince(windowMs: number, { nowMs, lastAwake }: ReportRequest): Omit<DirectoryQuery, "services"> {
  const sinceMs = nowMs - windowMs;
  return lastAwake ? { sinceMs, lastAwake: { beforeMs: nowMs - ASLEEP_AFTER_MS, windowMs } } : { sinceMs };
}

async function readingOr(env: Env, query: ServicesQuery): Promise<DirectoryReading | { error: string }> {
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
    return [
      name,
      await inTime(
        againAfterReset(async () => reportIn(await serviceObject(env, name).fetch(`https://object/report?${query}`))),
      ),
    ];
  } catch (error) {
    return [name, { error: String(error) }];
  }
}

async function reportIn(response: Response): Promise<DirectoryReport> {
  if (!response.ok) throw new Error(`the object answered ${response.status}: ${await response.text()}`);
  return response.json<DirectoryReport>();
}

/** One object that does not answer must not keep the operator from the figures of all others. */
async function inTime<Answer>(answer: Promise<Answer>): Promise<Answer> {
  if (!(await withTimeout(answer, TIMEOUT_MS))) throw new Error(`no answer within ${TIMEOUT_MS / 1_000} s`);
  return answer;
}

function entryOf(
  { report }: DirectoryReport,
  { history }: DirectoryReading,
  { windowMs, nowMs, lastAwake }: ReportRequest,
): ServiceEntry {
  if (windowMs === undefined) return report;
  const points = (ownEntry(history, report.name) ?? []).filter(({ timeMs }) => timeMs < report.atMs);
  const window = windowReport([...points, pointOf(report)], windowMs, lastAwake ? windowEndMs(report, nowMs) : nowMs);
  return window === undefined ? report : { ...report, window };
}

/** Each isolate once, with the newest figures of its services. */
function isolatesOf(told: readonly Told[]): IsolateSnapshot[] {
  const reports = told.filter((one): one is DirectoryReport => !("error" in one));
  const newestLast = reports.toSorted((a, b) => a.report.atMs - b.report.atMs);
  return [...new Map(newestLast.map(({ isolate }) => [isolate.isolateId, isolate])).values()];
}

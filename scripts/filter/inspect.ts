import { DEFAULT_HARD_LIMIT_BYTES } from "../../config/schema/restart.ts";
import { hasStartSection } from "../../wasm/binary/memory-section.ts";
import { judgeMemory, type MemoryVerdict } from "../../wasm/binary/memory-verdict.ts";
import { type ModuleInspection, NO_STAGES, type Stages } from "../../wasm/host/index.ts";
import { addGaps, type Gaps, noGaps } from "./gaps.ts";
import { type GrowthVerdict, growthVerdict } from "./growth-verdict.ts";
import { DEFAULT_RESPONSE, DRIVEN_REQUEST, type RequestInput } from "./input-schema.ts";
import { isNumbered, numbered } from "./numbered.ts";
import { type OpenedFilter, openFilter, type Refused, type TakenConfiguration } from "./open.ts";
import { type InspectOptions, STAGE_KEYS, STAGE_NAMES, type StageName } from "./options.ts";
import type { Verdict } from "./run-request.ts";
import { type CallRecord, countCalls, type Records } from "./scripted-services.ts";
import { driveSeries, type Series, type SeriesBounds } from "./series.ts";
import type { Trial } from "./trial.ts";

/** Real time spent on driving requests. */
const DRIVING_MS = 5_000;
/** Linear memory at which driving ends: enough to show a rule, and little enough for any machine. */
const DRIVING_BYTES = 256 * 1_024 * 1_024;
/** Workers does not provide trailers. */
const IMPOSSIBLE: readonly StageName[] = ["request-trailers", "response-trailers"];

export interface InspectResult {
  readonly kind: "inspected";
  readonly file: string;
  readonly configuration: TakenConfiguration;
  readonly fileBytes: number;
  readonly abiVersion: string;
  readonly toolchain: string | undefined;
  readonly allocator: string | undefined;
  /** Whether its live entries survive restarts (docs/handover.md). */
  readonly handover: boolean;
  readonly exports: ModuleInspection["exports"];
  readonly imports: ModuleInspection["imports"];
  readonly stages: {
    /** Exported, but off unless the service names them. */
    readonly optional: readonly StageName[];
    /** Exported, but a gateway never runs them. */
    readonly impossible: readonly StageName[];
  };
  /** Whether its memory maximum is within a service's default limit. */
  readonly memory: MemoryVerdict;
  readonly start: {
    readonly bytes: number;
    readonly tickPeriodMs: number;
    /** Calls for whose replies a gateway's requests would not have waited. */
    readonly unansweredCalls: number;
    readonly records: Records;
  };
  /** What the filter asked for at its start and in all requests. */
  readonly asked: Asked;
  /** What came of one request with a body through all stages that it exports; undefined if it exports no more than the head's. */
  readonly inAllStages: Verdict | undefined;
  /** Undefined with `--requests 0`. */
  readonly series: Series | undefined;
  /** As many times the first request, in a fresh instance. Undefined if `series` is that already. */
  readonly sameRequest: Series | undefined;
  readonly growth: GrowthVerdict;
}

/** What a service's configuration, or this host, should have for a filter. */
export interface Asked {
  /** Clusters that it called, with the number of calls. */
  readonly clusters: ReadonlyMap<string, number>;
  readonly gaps: Gaps;
  /** Calls to functions of the ABI, without reads of the root ID; 0 says that it did nothing. */
  readonly hostCalls: number;
  /** False: the module has neither `_initialize` nor `_start` nor a start section. */
  readonly hasInitialiser: boolean;
}

/** True if the filter decided each request. */
export function inspectedWell({ series, sameRequest }: InspectResult): boolean {
  return series?.failed === undefined && sameRequest?.failed === undefined;
}

/**
 * Reports what a module is, and how it behaves when it is started and used.
 * @throws WrongInput
 */
export async function inspectFilter(options: InspectOptions): Promise<InspectResult | Refused> {
  const opened = await openFilter(options, {
    request: DRIVEN_REQUEST,
    // The filter's clusters are not known yet: every server exists and answers 200.
    otherwise: { ok: true, headers: [[":status", "200"]], body: new Uint8Array(0), trailers: [] },
    streamOptions: () => ({ stages: NO_STAGES }),
  });
  if (opened.kind === "refused") return opened;
  const { trial, report, startedBytes, bytes, file } = opened;
  const { tickPeriodMs } = trial.instance;
  const bounds = { requests: options.requests, timeMs: DRIVING_MS, bytes: DRIVING_BYTES };
  const series = await driveSeries(trial, opened.request, DEFAULT_RESPONSE, bounds, () => {});
  const { hostCalls } = trial.activity;
  await trial.close();
  const inAllStages = options.requests > 0 && hasMoreStages(report.stages) ? await driveAllStages(opened) : undefined;
  const varies = options.requests > 0 && isNumbered(opened.request);
  const sameRequest = varies ? await driveSame(await opened.restart(), opened.request, bounds) : undefined;
  return {
    kind: "inspected",
    file,
    configuration: opened.configuration,
    fileBytes: bytes.length,
    abiVersion: trial.instance.abiVersion,
    toolchain: report.toolchain,
    allocator: report.allocator,
    handover: report.handover,
    exports: report.exports,
    imports: report.imports,
    stages: {
      optional: exportedOf(report.stages).filter((name) => !IMPOSSIBLE.includes(name)),
      impossible: exportedOf(report.stages).filter((name) => IMPOSSIBLE.includes(name)),
    },
    memory: judgeMemory(bytes, DEFAULT_HARD_LIMIT_BYTES),
    start: { bytes: startedBytes, tickPeriodMs, unansweredCalls: trial.unansweredStartCalls, records: trial.atStart },
    asked: {
      clusters: clustersOf(trial.atStart.calls, series.clusters, inAllStages?.records.calls ?? []),
      gaps: gapsOf(trial.atStart.gaps, series.gaps, inAllStages?.records.gaps ?? noGaps()),
      hostCalls: hostCalls + (inAllStages?.hostCalls ?? 0),
      hasInitialiser: report.entryPoint !== undefined || hasStartSection(bytes),
    },
    inAllStages: inAllStages?.verdict,
    series: options.requests > 0 ? series : undefined,
    sameRequest,
    growth: sameRequest === undefined ? growthVerdict(undefined, series) : growthVerdict(series, sameRequest),
  };
}

/** Stages that a gateway can run besides the request's head. */
function hasMoreStages({ requestBody, responseHeaders, responseBody }: Stages): boolean {
  return requestBody || responseHeaders || responseBody;
}

/** The series have only the request's head, as services by default; some filters work in other stages alone. */
async function driveAllStages({ restart, report, request }: OpenedFilter) {
  const trial = await restart({ stages: { ...report.stages, requestTrailers: false, responseTrailers: false } });
  const body = request.body.length > 0 ? request.body : [new TextEncoder().encode("{}")];
  const withBodies = { ...numbered(request, 1), body };
  const response = { ...DEFAULT_RESPONSE, body: [new TextEncoder().encode("{}")] };
  const { verdict, records } = await trial.exchange(withBodies, response);
  const { hostCalls } = trial.activity;
  await trial.close();
  return { verdict, records, hostCalls };
}

async function driveSame(trial: Trial, request: RequestInput, bounds: SeriesBounds): Promise<Series> {
  const series = await driveSeries(trial, numbered(request, 1), DEFAULT_RESPONSE, bounds, () => {});
  await trial.close();
  return series;
}

function clustersOf(
  atStart: readonly CallRecord[],
  inRequests: ReadonlyMap<string, number>,
  inAllStages: readonly CallRecord[],
): Map<string, number> {
  const clusters = new Map(inRequests);
  countCalls(clusters, atStart);
  const known = new Set(clusters.keys());
  // Of the others, these calls are already counted.
  countCalls(
    clusters,
    inAllStages.filter(({ call }) => !known.has(call.cluster)),
  );
  return clusters;
}

function gapsOf(...parts: readonly Gaps[]): Gaps {
  const all = noGaps();
  for (const part of parts) addGaps(all, part);
  return all;
}

function exportedOf(stages: Stages): StageName[] {
  return STAGE_NAMES.filter((name) => stages[STAGE_KEYS[name]]);
}

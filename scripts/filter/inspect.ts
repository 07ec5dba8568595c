import { DEFAULT_HARD_LIMIT_BYTES } from "../../config/schema/restart.ts";
import { judgeMemory, type MemoryVerdict } from "../../wasm/binary/memory-verdict.ts";
import { type ModuleInspection, NO_STAGES, type Stages } from "../../wasm/host/index.ts";
import { DEFAULT_RESPONSE, DRIVEN_REQUEST } from "./input-schema.ts";
import { openFilter, type Refused } from "./open.ts";
import { type InspectOptions, STAGE_KEYS, STAGE_NAMES, type StageName } from "./options.ts";
import type { Records } from "./scripted-services.ts";
import { driveSeries, type Series } from "./series.ts";

/** Real time spent on driving requests. */
const DRIVING_MS = 5_000;
/** Linear memory at which driving ends: enough to show a rule, and little enough for any machine. */
const DRIVING_BYTES = 256 * 1_024 * 1_024;
/** Workers does not provide trailers. */
const IMPOSSIBLE: readonly StageName[] = ["request-trailers", "response-trailers"];

export interface InspectResult {
  readonly kind: "inspected";
  readonly file: string;
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
    readonly records: Records;
  };
  /** Undefined with `--requests 0`. */
  readonly series: Series | undefined;
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
  await trial.close();
  return {
    kind: "inspected",
    file,
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
    start: { bytes: startedBytes, tickPeriodMs, records: trial.atStart },
    series: options.requests > 0 ? series : undefined,
  };
}

function exportedOf(stages: Stages): StageName[] {
  return STAGE_NAMES.filter((name) => stages[STAGE_KEYS[name]]);
}

import type { MetricSnapshot, Stages, StreamOptions } from "../../wasm/host/index.ts";
import { type Gaps, mayLeaveOpen } from "./gaps.ts";
import {
  DEFAULT_REQUEST,
  DEFAULT_RESPONSE,
  type RequestInput,
  type ResponseInput,
  responseSchema,
} from "./input-schema.ts";
import { numbered } from "./numbered.ts";
import { openFilter, type Refused, type TakenConfiguration } from "./open.ts";
import { STAGE_KEYS, STAGE_NAMES, type StageName, type TryOptions } from "./options.ts";
import { readJson } from "./read-input.ts";
import { type Exchange, type Message, requestHeaders } from "./run-request.ts";
import type { Records } from "./scripted-services.ts";
import { driveSeries, type Series } from "./series.ts";
import { grpcWarnings } from "./warnings.ts";

export interface TryResult {
  readonly kind: "tried";
  readonly file: string;
  readonly configuration: TakenConfiguration;
  readonly abiVersion: string;
  readonly atStart: Records;
  /** Calls of the start for whose replies a gateway's requests would not have waited. */
  readonly unansweredStartCalls: number;
  /** The first request, as sent. */
  readonly request: Message;
  /** The first request's exchange. */
  readonly first: Exchange;
  /** Records of the filter's end. Some SDKs trap then, which a gateway tolerates. */
  readonly atEnd: Records;
  /** Only with `--repeat`. */
  readonly series: Series | undefined;
  readonly metrics: readonly MetricSnapshot[];
  readonly memory: { readonly atStartBytes: number; readonly afterFirstBytes: number };
  /** Of gRPC imports. */
  readonly warnings: readonly string[];
  /** What the requests asked for in vain. */
  readonly gaps: Gaps;
  /** Differences from a gateway, and options that are probably mistakes. */
  readonly notes: readonly string[];
}

/**
 * Sends one request, or a series of them, through a filter.
 * @throws WrongInput
 */
export async function tryFilter(options: TryOptions): Promise<TryResult | Refused> {
  const response =
    options.responseFile === undefined ? DEFAULT_RESPONSE : await readJson(options.responseFile, responseSchema);
  const opened = await openFilter(options, {
    request: DEFAULT_REQUEST,
    otherwise: undefined,
    streamOptions: (exported) => streamOptions(options, exported),
  });
  if (opened.kind === "refused") return opened;
  const { trial, file, report } = opened;

  let first: { readonly exchange: Exchange; readonly bytes: number } | undefined;
  const bounds = { requests: options.repeat, timeMs: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };
  const series = await driveSeries(trial, opened.request, response, bounds, (exchange) => {
    first = { exchange, bytes: trial.instance.allocatedBytes };
  });
  const atEnd = await trial.close();
  if (first === undefined) throw new Error("a series drives at least one request");
  const request = numbered(opened.request, 1);
  return {
    kind: "tried",
    file,
    configuration: opened.configuration,
    abiVersion: trial.instance.abiVersion,
    atStart: trial.atStart,
    unansweredStartCalls: trial.unansweredStartCalls,
    request: { headers: requestHeaders(request), body: joined(request.body), trailers: request.trailers },
    first: first.exchange,
    series: options.repeat > 1 ? series : undefined,
    gaps: series.gaps,
    warnings: grpcWarnings("the filter", report.imports),
    atEnd,
    metrics: trial.metrics,
    memory: { atStartBytes: opened.startedBytes, afterFirstBytes: first.bytes },
    notes: notesOn(options, report.stages, opened.request, options.responseFile === undefined ? undefined : response),
  };
}

/** True if the filter decided each request, and asked for nothing that is not there. */
export function decided(result: TryResult): boolean {
  const { first, series } = result;
  const isDecided = first.verdict.kind === "pass" || first.verdict.kind === "respond";
  return isDecided && series?.failed === undefined && !mayLeaveOpen(askedInVain(result));
}

/**
 * What the requests asked for in vain, and the clusters that the start called. What else is missing at the start, such as a foreign
 * function that tells a host of itself, keeps no filter from deciding.
 */
export function askedInVain({ gaps, atStart }: TryResult): Gaps {
  return { ...gaps, unknownClusters: new Set([...atStart.gaps.unknownClusters, ...gaps.unknownClusters]) };
}

function streamOptions(
  { stages, bodyWhileHeadersPaused, bodyLimitBytes }: TryOptions,
  exported: Stages,
): StreamOptions {
  const isOn = (name: StageName): boolean => (stages === "all" ? exported[STAGE_KEYS[name]] : stages.includes(name));
  return {
    stages: {
      requestBody: isOn("request-body"),
      requestTrailers: isOn("request-trailers"),
      responseHeaders: isOn("response-headers"),
      responseBody: isOn("response-body"),
      responseTrailers: isOn("response-trailers"),
    },
    bodyWhileHeadersPaused,
    ...(bodyLimitBytes !== undefined && { bodyLimitBytes }),
  };
}

function notesOn(
  { stages }: TryOptions,
  exported: Stages,
  request: RequestInput,
  response: ResponseInput | undefined,
): string[] {
  const isOn = (name: StageName): boolean => stages === "all" || stages.includes(name);
  const hasPart: Record<StageName, boolean> = {
    "request-body": request.body.length > 0,
    "request-trailers": request.trailers.length > 0,
    "response-headers": response !== undefined,
    "response-body": response !== undefined && response.body.length > 0,
    "response-trailers": response !== undefined && response.trailers.length > 0,
  };
  return STAGE_NAMES.flatMap((name) => {
    const exports = exported[STAGE_KEYS[name]];
    if (stages !== "all" && stages.includes(name) && !exports)
      return [`--stages names ${name}, for which the module exports no callback`];
    if (isOn(name) && exports && name.endsWith("trailers") && hasPart[name])
      return [`${name} ran here; Workers hands out no trailers, so a gateway cannot run it`];
    if (!isOn(name) && exports && hasPart[name])
      return [`${name} did not run: it is exported, but off unless --stages (or \`stages\` of the service) names it`];
    return [];
  });
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks));
}

import type {
  BodyOutcome,
  Decision,
  HeaderChange,
  HeaderList,
  HttpStream,
  Refusal,
  StreamOptions,
  TrailersOutcome,
} from "../../wasm/host/index.ts";
import type { RequestInput, ResponseInput } from "./input-schema.ts";
import type { StageName } from "./options.ts";
import type { Records } from "./scripted-services.ts";

type Outcome = Decision | BodyOutcome | TrailersOutcome;
type NoAnswer = { readonly kind: "waits" };
type Stage = "request-headers" | StageName;

/** One callback of the filter and its answer. */
export interface Step {
  readonly stage: Stage;
  /** `buffer`: held back. `waits`: no answer came. */
  readonly answer: Outcome["kind"] | "waits";
  /** Virtual time until the answer; 0 means at once. */
  readonly waitedMs: number;
  /** For a body: bytes passed to the filter, and bytes that went on. */
  readonly bytesIn?: number;
  readonly bytesOut?: number;
  readonly changes: readonly HeaderChange[];
}

/** A request or response as it left the filter. */
export interface Message {
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  readonly trailers: HeaderList;
}

export type Verdict =
  /** The request went on, and so did the upstream's response. */
  { readonly kind: "pass" } | (Refusal & { readonly stage: Stage }) | (NoAnswer & { readonly stage: Stage });

/** Everything that happened to one request. */
export interface Exchange {
  readonly verdict: Verdict;
  readonly steps: readonly Step[];
  /** The request that the upstream gets, if any. */
  readonly request: Message | undefined;
  /** The response that the client gets, from the upstream or the filter. */
  readonly response: Message | undefined;
  readonly records: Records;
}

/** How an exchange waits for the filter. */
export interface Waiting {
  readonly options: StreamOptions;
  /** False for a stage that is off or that the filter does not export; the report leaves it out. */
  isOn(stage: Stage): boolean;
  nowMs(): number;
  /** The outcome after virtual time has passed for it, or `waits` if none came. */
  within<Answer>(promise: Promise<Answer>): Promise<Answer | NoAnswer>;
  /** Runs a callback of the filter, which may loop for ever. */
  readonly limited: <Result>(work: () => Result) => Result;
}

/** How the parts of one message are passed to a stream. */
interface Direction {
  readonly stages: { readonly headers: Stage; readonly body: Stage; readonly trailers: Stage };
  readonly headers: (list: HeaderList, endOfStream: boolean) => Decision | Promise<Decision>;
  readonly body: (chunk: Uint8Array, endOfStream: boolean) => BodyOutcome | Promise<BodyOutcome>;
  readonly trailers: (list: HeaderList) => TrailersOutcome | Promise<TrailersOutcome>;
}

interface Parts {
  readonly headers: HeaderList;
  readonly body: readonly Uint8Array[];
  readonly trailers: HeaderList;
}

/**
 * Sends a request through a stream, and then the response: the upstream's if the request gets there, else the filter's own.
 * Works like the gateway: the end of a body is a separate chunk, and a local response passes the response stages once, if
 * any is on.
 */
export async function passThrough(
  stream: HttpStream,
  request: RequestInput,
  response: ResponseInput,
  waiting: Waiting,
): Promise<Omit<Exchange, "records">> {
  const steps: Step[] = [];
  const asked = { headers: requestHeaders(request), body: endedByChunk(request.body), trailers: request.trailers };
  const sent = await messageThrough(requestWay(stream, waiting), asked, waiting, steps);
  if ("kind" in sent) {
    const { verdict, response: answer } = await localResponse(stream, sent, waiting, steps);
    return { verdict, steps, request: undefined, response: answer };
  }
  const answered = {
    headers: responseHeaders(response),
    body: endedByChunk(response.body),
    trailers: response.trailers,
  };
  const received = await messageThrough(responseWay(stream, waiting), answered, waiting, steps);
  if ("kind" in received) return { verdict: received, steps, request: sent, response: messageOf(received) };
  return { verdict: { kind: "pass" }, steps, request: sent, response: received };
}

/** The client's response if the request was stopped. */
async function localResponse(
  stream: HttpStream,
  verdict: Verdict,
  waiting: Waiting,
  steps: Step[],
): Promise<Pick<Exchange, "verdict" | "response">> {
  const local = messageOf(verdict);
  const { responseHeaders, responseBody } = waiting.options.stages;
  if (local === undefined || !(responseHeaders || responseBody)) return { verdict, response: local };
  const parts = { ...local, body: local.body.length === 0 ? [] : [local.body] };
  const passed = await messageThrough(responseWay(stream, waiting), parts, waiting, steps);
  return "kind" in passed ? { verdict: passed, response: messageOf(passed) } : { verdict, response: passed };
}

/** Sends a message through part by part. Returns the message that went on, or the verdict that stopped it. */
async function messageThrough(
  way: Direction,
  parts: Parts,
  waiting: Waiting,
  steps: Step[],
): Promise<Message | Verdict> {
  let { headers, trailers } = parts;
  const body: Uint8Array[] = [];
  const endsWithHeaders = endsAtHeaders(parts);
  const ask = <Answer extends Outcome>(stage: Stage, answer: Answer | Promise<Answer>, bytesIn?: number) =>
    answered(stage, answer, waiting, steps, bytesIn);

  const head = way.headers(headers, endsWithHeaders);
  // The filter may wait for the body before it lets the headers go.
  const headLater = waiting.options.bodyWhileHeadersPaused === true && head instanceof Promise && !endsWithHeaders;
  if (!headLater) {
    const outcome = await ask(way.stages.headers, head);
    if (outcome.kind !== "continue") return stoppedAt(way.stages.headers, outcome);
    headers = changed(headers, outcome.changes);
  }
  for (const [index, chunk] of parts.body.entries()) {
    const isLast = index === parts.body.length - 1 && trailers.length === 0;
    const outcome = await ask(way.stages.body, way.body(chunk, isLast), chunk.length);
    if (outcome.kind === "buffer") continue;
    if (outcome.kind !== "continue") return stoppedAt(way.stages.body, outcome);
    headers = changed(headers, outcome.headerChanges);
    body.push(outcome.body.slice());
  }
  if (trailers.length > 0) {
    const outcome = await ask(way.stages.trailers, way.trailers(trailers));
    if (outcome.kind !== "continue") return stoppedAt(way.stages.trailers, outcome);
    headers = changed(headers, outcome.headerChanges);
    body.push(outcome.body.slice());
    trailers = changed(trailers, outcome.changes);
  }
  if (headLater) {
    const outcome = await ask(way.stages.headers, head);
    if (outcome.kind !== "continue") return stoppedAt(way.stages.headers, outcome);
    headers = changed(headers, outcome.changes);
  }
  return { headers, body: new Uint8Array(Buffer.concat(body)), trailers };
}

async function answered<Answer extends Outcome>(
  stage: Stage,
  answer: Answer | Promise<Answer>,
  waiting: Waiting,
  steps: Step[],
  bytesIn: number | undefined,
): Promise<Answer | NoAnswer> {
  const sinceMs = waiting.nowMs();
  const outcome = answer instanceof Promise ? await waiting.within(answer) : answer;
  if (waiting.isOn(stage)) {
    steps.push({
      stage,
      answer: outcome.kind,
      waitedMs: waiting.nowMs() - sinceMs,
      changes: changesOf(outcome),
      ...(bytesIn !== undefined && { bytesIn }),
      ...(bytesIn !== undefined &&
        outcome.kind === "continue" &&
        "body" in outcome && { bytesOut: outcome.body.length }),
    });
  }
  return outcome;
}

function requestWay(stream: HttpStream, { limited }: Waiting): Direction {
  return {
    stages: { headers: "request-headers", body: "request-body", trailers: "request-trailers" },
    headers: () => limited(() => stream.requestHeaders()),
    body: (chunk, endOfStream) => limited(() => stream.requestBody(chunk, endOfStream)),
    trailers: (list) => limited(() => stream.requestTrailers(list)),
  };
}

function responseWay(stream: HttpStream, { limited }: Waiting): Direction {
  return {
    stages: { headers: "response-headers", body: "response-body", trailers: "response-trailers" },
    headers: (list, endOfStream) => limited(() => stream.responseHeaders(list, endOfStream)),
    body: (chunk, endOfStream) => limited(() => stream.responseBody(chunk, endOfStream)),
    trailers: (list) => limited(() => stream.responseTrailers(list)),
  };
}

/** Pseudo headers first. */
export function requestHeaders({ method, path, authority, scheme, headers }: RequestInput): HeaderList {
  return [[":method", method], [":path", path], [":authority", authority], [":scheme", scheme], ...headers];
}

export function responseHeaders({ status, headers }: ResponseInput): HeaderList {
  return [[":status", String(status)], ...headers];
}

export function endsAtHeaders({ body, trailers }: Parts): boolean {
  return body.length === 0 && trailers.length === 0;
}

function stoppedAt(stage: Stage, outcome: Refusal | NoAnswer | { readonly kind: "buffer" }): Verdict {
  return outcome.kind === "respond" || outcome.kind === "failed" ? { ...outcome, stage } : { kind: "waits", stage };
}

/** A local response as a message. */
function messageOf(verdict: Verdict): Message | undefined {
  if (verdict.kind !== "respond") return undefined;
  return { headers: [[":status", String(verdict.status)], ...verdict.headers], body: verdict.body, trailers: [] };
}

function endedByChunk(body: readonly Uint8Array[]): readonly Uint8Array[] {
  return body.length === 0 ? body : [...body, new Uint8Array(0)];
}

function changesOf(outcome: Outcome | NoAnswer): readonly HeaderChange[] {
  if (outcome.kind !== "continue") return [];
  return "changes" in outcome ? outcome.changes : (outcome.headerChanges ?? []);
}

/** Headers after changes: a changed header stays in its place, a new one comes last. */
function changed(headers: HeaderList, changes: readonly HeaderChange[] = []): HeaderList {
  let result = headers;
  for (const { name, values } of changes) {
    const at = result.findIndex(([candidate]) => candidate === name);
    const others = result.filter(([candidate]) => candidate !== name);
    result = others.toSpliced(
      at < 0 ? others.length : at,
      0,
      ...values.map((value): [string, string] => [name, value]),
    );
  }
  return result;
}

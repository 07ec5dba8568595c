/**
 * The compiled filter on the real host, with a clock controlled by the test and a function as authorization server. No
 * part of the filter is replaced.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { questionOf } from "../../../config/question.ts";
import { buildFilter } from "../../../scripts/build-filter.ts";
import { builtInFilterFile } from "../../../scripts/built-in-filter.ts";
import {
  createSharedState,
  type Decision,
  type FilterHandover,
  FilterInstance,
  type HeaderList,
  type HostServices,
  type LogLevel,
  type OutboundCall,
  type OutboundFailure,
  type OutboundResult,
  type SharedState,
} from "../../host/index.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** The filter as it is shipped: 32 MiB at most. */
export function filterModule(): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(builtInFilterFile));
}

/** The same filter, with room for measurements with 100,000 large entries. */
export async function largeFilterFile(): Promise<string> {
  const outFile = join(builtInFilterFile, "../filter.large.wasm");
  await buildFilter({ maximumBytes: 512 * 1024 * 1024, outFile });
  return outFile;
}

export async function largeFilterModule(): Promise<WebAssembly.Module> {
  return new WebAssembly.Module(readFileSync(await largeFilterFile()));
}

/** A configuration for forward-auth; `changes` replace its top-level fields. A decision point gets the gateway's question. */
export function configuration(changes: { [name: string]: Json } = {}): { [name: string]: Json } {
  const plain = plainConfiguration(changes);
  const { protocol, service } = plain as { protocol: { [name: string]: Json }; service: string };
  const { type, uri = "path-and-query", subject, subjectType, resource, action } = protocol ?? {};
  if ((type !== "authzen" && type !== "opa") || "question" in protocol) return plain;
  const asked = { protocol: type, uri, subject, subjectType, resource, action } as Parameters<typeof questionOf>[0];
  return { ...plain, protocol: { ...protocol, question: questionOf(asked, service) as Json } };
}

function plainConfiguration(changes: { [name: string]: Json }): { [name: string]: Json } {
  return {
    service: "orders",
    configVersion: "v1",
    digestKey: "000102030405060708090a0b0c0d0e0f",
    realm: "orders",
    credentials: [{ from: "authorization", schemes: ["bearer"] }],
    protocol: forwardAuth(),
    cache: { maxTtlMs: 600_000, denyTtlMs: 10_000, staleIfErrorMs: 0, maxBytes: 33_554_432 },
    rules: [],
    failOpen: false,
    ...changes,
  };
}

export function forwardAuth(changes: { [name: string]: Json } = {}): { [name: string]: Json } {
  return {
    type: "forward-auth",
    cluster: "auth",
    authority: "auth.example.com",
    path: "/check",
    timeoutMs: 2000,
    method: "GET",
    ...changes,
  };
}

export function introspection(changes: { [name: string]: Json } = {}): { [name: string]: Json } {
  return {
    type: "introspection",
    cluster: "auth",
    authority: "as.example.com",
    path: "/introspect",
    timeoutMs: 1500,
    clientAuthentication: { type: "basic", id: "ebb", secret: "s3cret" },
    ...changes,
  };
}

/** Claims that are not nested, and their headers. */
export function upstreamClaims(headers: { [claim: string]: string }): Json {
  return Object.entries(headers).map(([claim, header]) => ({ path: [claim], header }));
}

/** A reply from the authorization server. A body that is not a string is sent as JSON. */
export function reply(status: number, headers: HeaderList = [], body: Json = ""): OutboundResult {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { ok: true, headers: [[":status", String(status)], ...headers], body: encoder.encode(text), trailers: [] };
}

export function noReply(reason: OutboundFailure): OutboundResult {
  return { ok: false, reason };
}

export interface AskOptions {
  token?: string;
  method?: string;
  path?: string;
  headers?: HeaderList;
  rule?: string;
  /** The client group of the request. */
  client?: string;
  signal?: AbortSignal;
}

export class Harness implements HostServices {
  now = 1_790_000_000_000;
  readonly calls: OutboundCall[] = [];
  readonly lines: string[] = [];
  readonly shared: SharedState;
  readonly instance: FilterInstance;
  /** The authorization server's answer. */
  server: (call: OutboundCall) => OutboundResult | Promise<OutboundResult> = () => reply(200);
  /** Called after each reply to the filter. */
  onReply: () => void = () => {};

  constructor(
    plugin: { [name: string]: Json } | string = configuration(),
    module = filterModule(),
    shared: SharedState = createSharedState(),
  ) {
    this.shared = shared;
    this.instance = FilterInstance.start(module, this, {
      vmId: "vm",
      rootId: "root",
      pluginName: "orders",
      vmConfiguration: new Uint8Array(0),
      pluginConfiguration: encoder.encode(typeof plugin === "string" ? plugin : JSON.stringify(plugin)),
      events: { replied: () => this.onReply(), tookChunk: () => {} },
    });
  }

  nowMs(): number {
    return this.now;
  }

  log(_level: LogLevel, message: string): void {
    this.lines.push(message);
  }

  hasCluster(name: string): boolean {
    return name === "auth" || name === "decisions";
  }

  async httpCall(call: OutboundCall): Promise<OutboundResult> {
    this.calls.push(call);
    return this.server(call);
  }

  randomBytes(into: Uint8Array): void {
    into.fill(7);
  }

  get handover(): FilterHandover {
    if (this.instance.handover === undefined) throw new Error("the filter has no handover");
    return this.instance.handover;
  }

  /** One request, by default `GET /orders/1` with a bearer token. */
  ask(options: AskOptions = {}): Decision | Promise<Decision> {
    const { token, method = "GET", path = "/orders/1", headers = [], rule = "", client, signal } = options;
    return this.instance.decide({
      headers: [
        [":method", method],
        [":path", path],
        [":authority", "api.example.com"],
        [":scheme", "https"],
        ...(token === undefined ? [] : ([["authorization", `Bearer ${token}`]] satisfies HeaderList)),
        ...headers,
      ],
      endOfStream: true,
      attributes: { "xds.route_name": rule, ...(client === undefined ? {} : { "ebb.client_group": client }) },
      ...(signal && { signal }),
    });
  }

  /** Advances time with the host's ticks, one per second. */
  advance(ms: number): void {
    const end = this.now + ms;
    while (this.now + 1000 <= end) {
      this.now += 1000;
      this.instance.tick();
    }
    this.now = end;
  }

  metric(name: string): number {
    this.instance.tick();
    return this.shared.metrics.value(name) ?? Number.NaN;
  }

  lastCall(): { header: (name: string) => string | undefined; headers: HeaderList; body: string; cluster: string } {
    const call = this.calls.at(-1);
    if (!call) throw new Error("no call was made");
    return {
      header: (name) => call.headers.find(([candidate]) => candidate === name)?.[1],
      headers: call.headers,
      body: decoder.decode(call.body),
      cluster: call.cluster,
    };
  }
}

/** The decision in short: "continue", or status and reason of the refusal. */
export function outcome(decision: Decision): string {
  if (decision.kind === "continue") return "continue";
  if (decision.kind === "respond") return `${decision.status} ${decision.details}`;
  return `failed ${decision.reason} ${decision.message}`;
}

export function bodyOf(decision: Decision): string {
  return decision.kind === "respond" ? decoder.decode(decision.body) : "";
}

/** Values of a response header, or of a changed request header. */
export function valuesOf(decision: Decision, name: string): string[] | undefined {
  if (decision.kind === "continue") return decision.changes.find((change) => change.name === name)?.values;
  if (decision.kind === "failed") return undefined;
  return decision.headers.filter(([candidate]) => candidate === name).map(([, value]) => value);
}

/** An unsigned JWT with these claims. */
export function jwt(claims: { [name: string]: Json }): string {
  const encode = (value: Json): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${encode({ alg: "none" })}.${encode(claims)}.c2lnbmF0dXJl`;
}

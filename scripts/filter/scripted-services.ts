import { randomFillSync } from "node:crypto";
import { buildRequest } from "../../durable/outbound/send-call.ts";
import {
  createSharedState,
  HOST_LIMITS,
  type HostServices,
  type LogLevel,
  type OutboundCall,
  type OutboundResult,
  type UnservedCall,
} from "../../wasm/host/index.ts";
import { chooseReply } from "./choose-reply.ts";
import { type Gaps, isRootId, isWork, noGaps, noteProperty, noteUnserved } from "./gaps.ts";
import type { ReplyInput } from "./input-schema.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** Timeout of a call if the filter sets none; the default of a cluster in the gateway. */
const DEFAULT_TIMEOUT_MS = 2_000;

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
}

/** A call by the filter and its result. */
export interface CallRecord {
  readonly call: OutboundCall;
  /** Undefined until there is a reply. */
  result: OutboundResult | undefined;
  /** Why it failed, if the script does not make it fail. */
  note: string | undefined;
  afterMs: number | undefined;
}

/** Records of one part of the filter's work: its start, or one request. */
export interface Records {
  readonly logs: LogLine[];
  readonly calls: CallRecord[];
  readonly gaps: Gaps;
}

/** What a filter did since its start, in numbers. */
export interface Activity {
  /** Calls to functions of the ABI, without reads of the root ID. */
  hostCalls: number;
  /** Whether it asked which of the module's plugins it is. */
  hasReadRootId: boolean;
}

export interface Script {
  readonly replies: readonly ReplyInput[];
  /** The result of a call without a scripted reply; `undefined`: its cluster does not exist. */
  readonly otherwise: OutboundResult | undefined;
}

/** Scripted host services: the clock is virtual, and servers give the answers in the script. */
export class ScriptedServices implements HostServices {
  readonly shared = createSharedState();
  readonly activity: Activity = { hostCalls: 0, hasReadRootId: false };
  records: Records = noRecords();
  readonly clock: VirtualClock;
  readonly #script: Script;
  /** Replies that were used at least once. */
  readonly #given = new Set<ReplyInput>();

  constructor(clock: VirtualClock, script: Script) {
    this.clock = clock;
    this.#script = script;
  }

  /** Starts new records. */
  startRecords(): Records {
    this.records = noRecords();
    return this.records;
  }

  nowMs(): number {
    return this.clock.nowMs;
  }

  log(level: LogLevel, message: string): void {
    this.records.logs.push({ level, message });
  }

  hasCluster(name: string): boolean {
    return this.#script.otherwise !== undefined || this.#script.replies.some(({ cluster }) => cluster === name);
  }

  unserved(call: UnservedCall): void {
    noteUnserved(this.records.gaps, call);
  }

  hostCalled(module: string, name: string, status: number, asked: string | undefined): void {
    if (isWork(module, asked)) this.activity.hostCalls += 1;
    if (isRootId(asked)) this.activity.hasReadRootId = true;
    noteProperty(this.records.gaps, name, status, asked);
  }

  httpCall(call: OutboundCall): Promise<OutboundResult> {
    const record: CallRecord = { call, result: undefined, note: undefined, afterMs: undefined };
    this.records.calls.push(record);
    const { result, delayMs, note } = this.#answer(call);
    const { promise, resolve } = Promise.withResolvers<OutboundResult>();
    this.clock.after(delayMs, () => {
      Object.assign(record, { result, note, afterMs: delayMs });
      resolve(result);
    });
    return promise;
  }

  randomBytes(into: Uint8Array): void {
    randomFillSync(into);
  }

  #answer(call: OutboundCall): { result: OutboundResult; delayMs: number; note?: string } {
    const request = buildRequest(call, "https://cluster.example");
    if (typeof request === "string") {
      return {
        result: { ok: false, reason: "rejected" },
        delayMs: 0,
        note: `the gateway does not send it: ${request}`,
      };
    }
    const reply = this.#replyTo(call);
    if (reply === undefined) {
      const { otherwise } = this.#script;
      if (otherwise !== undefined) return { result: otherwise, delayMs: 0 };
      return { result: { ok: false, reason: "reset" }, delayMs: 0, note: "no reply is scripted for this path" };
    }
    const timeoutMs = call.timeoutMs > 0 ? call.timeoutMs : DEFAULT_TIMEOUT_MS;
    const { answer, delayMs } = reply;
    if (answer.kind === "fail" && answer.reason === "timeout") {
      return { result: { ok: false, reason: "timeout" }, delayMs: timeoutMs };
    }
    if (delayMs > timeoutMs) {
      const note = `the reply would have come after ${delayMs} ms`;
      return { result: { ok: false, reason: "timeout" }, delayMs: timeoutMs, note };
    }
    if (answer.kind === "fail") return { result: { ok: false, reason: "reset" }, delayMs };
    const { status, headers, body, trailers } = answer;
    if (body.length > HOST_LIMITS.callReplyBodyBytes) {
      const note = `the gateway does not take a reply body of more than ${HOST_LIMITS.callReplyBodyBytes} bytes`;
      return { result: { ok: false, reason: "rejected" }, delayMs, note };
    }
    return { result: { ok: true, headers: [[":status", String(status)], ...headers], body, trailers }, delayMs };
  }

  #replyTo(call: OutboundCall): ReplyInput | undefined {
    const path = call.headers.find(([name]) => name === ":path")?.[1] ?? "";
    return chooseReply(this.#script.replies, this.#given, call.cluster, path);
  }
}

/** A hostile filter can call ever new names. */
const MAX_CLUSTERS = 1_000;

/** Adds calls to the counts of their clusters. */
export function countCalls(counts: Map<string, number>, calls: readonly CallRecord[]): void {
  for (const { cluster } of calls.map(({ call }) => call)) {
    const count = counts.get(cluster);
    if (count !== undefined || counts.size < MAX_CLUSTERS) counts.set(cluster, (count ?? 0) + 1);
  }
}

function noRecords(): Records {
  return { logs: [], calls: [], gaps: noGaps() };
}

import {
  createSharedState,
  type Decision,
  FilterInstance,
  FilterStartError,
  type HostServices,
  type LogLevel,
  type OutboundCall,
  type OutboundResult,
  type StreamRequest,
} from "../../wasm/host/index.ts";

/** Wall clock at virtual time 0. A filter could take a clock that reads 0 for one that is not set. */
const EPOCH_MS = 1_790_000_000_000;
/** Linear memory of closed instances that may wait for garbage collection. */
const MAX_RETIRED_BYTES = 256 * 1024 * 1024;
/** An allocation that cannot succeed: V8 collects garbage before it refuses. */
const IMPOSSIBLE_BYTES = 2 ** 48;

export interface FilterSetup {
  readonly module: WebAssembly.Module;
  readonly pluginConfiguration: string;
  /** Default: empty. */
  readonly rootId?: string;
  /** The immediate answer to every call of the filter, until another is set. */
  readonly reply: OutboundResult;
}

/**
 * Runs a filter on the real host, one request after another. The caller sets the time, which is rounded down to whole
 * milliseconds. Every cluster exists and answers at once.
 */
export class HostedFilter implements HostServices {
  readonly shared = createSharedState();
  readonly minimumLogLevel = "warn";
  readonly #setup: FilterSetup;
  #answer: Promise<OutboundResult>;
  #instance: FilterInstance;
  #wallMs = EPOCH_MS;
  #calls = 0;
  #retiredBytes = 0;
  /** Last message the filter logged at warn or above. It explains a failure or a refused start. */
  #complaint = "";

  /** @throws Error with the filter's last log message if it does not start */
  constructor(setup: FilterSetup) {
    this.#setup = setup;
    this.#answer = Promise.resolve(setup.reply);
    this.#instance = this.#start();
  }

  get allocatedBytes(): number {
    return this.#instance.allocatedBytes;
  }

  /** Calls made so far by all instances. */
  get calls(): number {
    return this.#calls;
  }

  set reply(result: OutboundResult) {
    this.#answer = Promise.resolve(result);
  }

  /** Whether the filter asked for periodic ticks. */
  get hasTicks(): boolean {
    return this.#instance.tickPeriodMs > 0;
  }

  /** The metric as the filter last reported it; NaN if it never did. */
  metric(name: string): number {
    return this.shared.metrics.value(name) ?? Number.NaN;
  }

  /** Replaces the instance by a fresh one. */
  restart(nowMs: number): void {
    this.#setTime(nowMs);
    this.#retiredBytes += this.#instance.allocatedBytes;
    this.#instance.close();
    if (this.#retiredBytes > MAX_RETIRED_BYTES) {
      this.#retiredBytes = 0;
      collectRetired();
    }
    this.#instance = this.#start();
  }

  /** Copies the request before it returns: the caller may reuse the object. */
  decide(nowMs: number, request: StreamRequest): Decision | Promise<Decision> {
    this.#setTime(nowMs);
    return this.#instance.decide(request);
  }

  tick(nowMs: number): void {
    this.#setTime(nowMs);
    this.#instance.tick();
  }

  /** @throws Error if the filter failed */
  checked(decision: Decision): Decision {
    if (decision.kind !== "failed") return decision;
    throw new Error(`the filter failed (${decision.reason}): ${decision.message} ${this.#complaint}`.trimEnd());
  }

  /** Checks the decision of a filter that must allow every request because its authorization server does. */
  checkedToContinue(decision: Decision): void {
    if (this.checked(decision).kind === "respond") throw new Error(`the filter refused a request: ${this.#complaint}`);
  }

  nowMs(): number {
    return this.#wallMs;
  }

  log(_level: LogLevel, message: string): void {
    this.#complaint = message;
  }

  hasCluster(): boolean {
    return true;
  }

  httpCall(_call: OutboundCall): Promise<OutboundResult> {
    this.#calls += 1;
    return this.#answer;
  }

  randomBytes(into: Uint8Array): void {
    // Makes every run the same.
    into.fill(7);
  }

  #setTime(nowMs: number): void {
    this.#wallMs = EPOCH_MS + Math.floor(nowMs);
  }

  #start(): FilterInstance {
    const encoder = new TextEncoder();
    try {
      return FilterInstance.start(this.#setup.module, this, {
        vmId: "evaluation",
        rootId: this.#setup.rootId ?? "",
        pluginName: "evaluation",
        vmConfiguration: new Uint8Array(0),
        pluginConfiguration: encoder.encode(this.#setup.pluginConfiguration),
      });
    } catch (error) {
      if (!(error instanceof FilterStartError)) throw error;
      throw new Error(`the filter does not start: ${this.#complaint || error.message}`, { cause: error });
    }
  }
}

function collectRetired(): void {
  try {
    new ArrayBuffer(0, { maxByteLength: IMPOSSIBLE_BYTES });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}

/** A reply that allows the request. */
export function allowing(headers: [name: string, value: string][] = []): OutboundResult {
  return { ok: true, headers: [[":status", "200"], ...headers], body: new Uint8Array(0), trailers: [] };
}

/** A reply that denies it. */
export function denying(): OutboundResult {
  return { ok: true, headers: [[":status", "403"]], body: new Uint8Array(0), trailers: [] };
}

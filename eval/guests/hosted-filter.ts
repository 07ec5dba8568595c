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

/** The wall clock at virtual time 0: filters may take a clock that reads 0 for one that does not go. */
const EPOCH_MS = 1_790_000_000_000;
/** Bytes of linear memory of ended instances that may wait for the engine's collector. */
const MAX_RETIRED_BYTES = 256 * 1024 * 1024;
/** A reservation that cannot succeed: the engine collects everything before it refuses. */
const IMPOSSIBLE_BYTES = 2 ** 48;

export interface FilterSetup {
  readonly module: WebAssembly.Module;
  readonly pluginConfiguration: string;
  /** What every call of the filter is answered with, at once. */
  readonly reply: OutboundResult;
}

/**
 * A filter on the real host, one request after another. Time is what the caller says, in whole milliseconds as wall clocks
 * have them; every cluster exists and answers at once.
 */
export class HostedFilter implements HostServices {
  readonly shared = createSharedState();
  readonly minimumLogLevel = "warn";
  readonly #setup: FilterSetup;
  readonly #answer: Promise<OutboundResult>;
  #instance: FilterInstance;
  #wallMs = EPOCH_MS;
  #calls = 0;
  #retiredBytes = 0;
  /** What the filter complained of last: its start or a failure is explained by it. */
  #complaint = "";

  /** @throws Error with the filter's own words, if it refuses its configuration */
  constructor(setup: FilterSetup) {
    this.#setup = setup;
    this.#answer = Promise.resolve(setup.reply);
    this.#instance = this.#start();
  }

  get allocatedBytes(): number {
    return this.#instance.allocatedBytes;
  }

  /** Calls made so far, by all instances. */
  get calls(): number {
    return this.#calls;
  }

  /** As the filter last reported it; NaN if it never did. */
  metric(name: string): number {
    return this.shared.metrics.value(name) ?? Number.NaN;
  }

  /** A fresh instance in place of the present one. */
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

  /** The request is read before this returns and may be changed for the next. */
  decide(nowMs: number, request: StreamRequest): Decision | Promise<Decision> {
    this.#setTime(nowMs);
    return this.#instance.decide(request);
  }

  tick(nowMs: number): void {
    this.#setTime(nowMs);
    this.#instance.tick();
  }

  /** The decision, unless the filter broke. */
  checked(decision: Decision): Decision {
    if (decision.kind !== "failed") return decision;
    throw new Error(`the filter failed (${decision.reason}): ${decision.message} ${this.#complaint}`.trimEnd());
  }

  /** The same for filters that must let every request through, since the authorization server does. */
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
    // Every run is the same.
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
        rootId: "",
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

/** A reply that allows. */
export function allowing(headers: [name: string, value: string][] = []): OutboundResult {
  return { ok: true, headers: [[":status", "200"], ...headers], body: new Uint8Array(0), trailers: [] };
}

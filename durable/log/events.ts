import { hasElapsed } from "../runtime/elapsed.ts";

/**
 * What each event says besides its name and service. Sizes in bytes, durations in ms. No field holds a credential, a header, a
 * path or anything else that a client sends. docs/logs.md has an example of each.
 */
export interface Events {
  /** A fresh instance of the filter has replaced another. */
  readonly restart: {
    readonly reason: string;
    /** The generation that ended. */
    readonly generation: number;
    /** Whether live decisions were handed over. */
    readonly handover: boolean;
    /** What the estimates promised: bytes freed, and extra calls to the authorization server. */
    readonly expectedGainBytes: number;
    readonly expectedPriceCalls: number;
    readonly bytesBefore: number;
    readonly bytesAfter: number;
  };
  /** The running filter trapped. */
  readonly trap: {
    readonly generation: number;
    readonly allocatedBytes: number;
    readonly failuresInARow: number;
    /** Time until the next start. */
    readonly pauseMs: number;
  };
  readonly purge: {
    /** How many credentials were named; null: all decisions. */
    readonly credentials: number | null;
    /** See `PurgeReport`; null too if the purge failed. */
    readonly purged: number | null;
    readonly stored: boolean | null;
    readonly error: string | null;
  };
  /** From now on, requests pass undecided. */
  readonly gate_opened: FailOpenOpened | FailurePolicyOpened;
  readonly gate_closed: FailOpenClosed | FailurePolicyClosed;
  /** The isolate was short of memory and asked a service to free some. */
  readonly budget: {
    /** The service that was asked. */
    readonly service: string;
    readonly isolateId: string;
    readonly request: "restart" | "evict";
    readonly reason: string;
    readonly heldBytes: number;
    readonly highBytes: number;
    readonly hardBytes: number;
    readonly expectedGainBytes: number;
    readonly expectedPriceCalls: number;
    /** Why it did not free memory; null if it was asked successfully. */
    readonly error: string | null;
  };
  /** A garbage collection was forced, for all services of the isolate. */
  readonly reclaim: {
    readonly isolateId: string;
    /** Released memory that was known before. */
    readonly releasedBytes: number;
    /** Linear memory that it freed. */
    readonly freedBytes: number;
    /** An upper bound. */
    readonly tookMs: number;
    /** 0 if it is known to have collected. */
    readonly failuresInARow: number;
  };
}

/** By `failOpen`: probes have got no answer from the authorization server for long. */
interface FailOpenOpened {
  readonly gate: "failOpen";
  readonly cluster: string;
  readonly failedProbes: number;
  readonly silentMs: number;
}

interface FailOpenClosed {
  readonly gate: "failOpen";
  readonly cluster: string;
  /** The server's state now. */
  readonly state: string;
  readonly openMs: number;
}

/** By `failurePolicy: "open"`: the filter does not start. */
interface FailurePolicyOpened {
  readonly gate: "failurePolicy";
  readonly filterReason: string | null;
  readonly failuresInARow: number;
  readonly pauseMs: number;
}

interface FailurePolicyClosed {
  readonly gate: "failurePolicy";
  readonly openMs: number;
}

export type EventName = keyof Events;

/** Logs are billed by the line, and clients may cause some of these events. */
export const LINE_LIMITS = { lines: 30, intervalMs: 60_000 } as const;

interface Interval {
  readonly startMs: number;
  lines: number;
  leftOut: number;
}

/** Writes events of one service, or of an isolate, as lines of JSON. Of each event at most `LINE_LIMITS`, except of purges. */
export class EventLog {
  readonly #service: string | null;
  readonly #nowMs: () => number;
  readonly #write: (line: string) => void;
  readonly #intervals = new Map<EventName, Interval>();

  /** @param service null: all services of the isolate */
  constructor(
    service: string | null,
    nowMs: () => number,
    write: (line: string) => void = (line) => console.log(line),
  ) {
    this.#service = service;
    this.#nowMs = nowMs;
    this.#write = write;
  }

  write<Name extends EventName>(event: Name, fields: Events[Name]): void {
    // Only the operator purges, and each purge is worth a line.
    const leftOut = event === "purge" ? 0 : this.#leftOutBefore(event);
    if (leftOut === undefined) return;
    const line = { event, service: this.#service, ...fields, ...(leftOut > 0 ? { leftOut } : {}) };
    this.#write(JSON.stringify(line));
  }

  /** @returns how many lines were left out since the last one; undefined if this one is left out too */
  #leftOutBefore(event: EventName): number | undefined {
    const nowMs = this.#nowMs();
    const last = this.#intervals.get(event);
    if (last === undefined || hasElapsed(last.startMs, LINE_LIMITS.intervalMs, nowMs)) {
      this.#intervals.set(event, { startMs: nowMs, lines: 1, leftOut: 0 });
      return last?.leftOut ?? 0;
    }
    if (last.lines < LINE_LIMITS.lines) {
      last.lines += 1;
      return 0;
    }
    last.leftOut += 1;
    return undefined;
  }
}

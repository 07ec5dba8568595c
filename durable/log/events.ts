import { LineLimit } from "./line-limit.ts";

/**
 * What each event says besides its name, service and `cfRay`. Sizes in bytes, durations in ms. No field holds a credential, a
 * header, a path or anything else that a client sends. docs/logs.md has an example of each.
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
  /** The filter did not start. */
  readonly start_failed: {
    readonly reason: string;
    /** What the filter did wrong. */
    readonly filterReason: string | null;
    /** Why it was started. */
    readonly startReason: string;
    readonly failuresInARow: number;
    /** Time until the next start. */
    readonly pauseMs: number;
  };
  /**
   * The filter's calls at its start, or in its first tick, were not answered in time. Requests do not wait for them any longer.
   */
  readonly start_calls_unanswered: {
    readonly generation: number;
    readonly calls: number;
    readonly waitedMs: number;
  };
  /**
   * The filter asked for something that the gateway does not have. It may let requests pass as if it had it. Written by
   * `UnservedLog`.
   */
  readonly unserved_call: {
    /** `cluster`, `function` (gRPC, or outside the ABI) or `foreign_function`. */
    readonly what: string;
    /** What the filter asked for, cut. A filter could build it from requests. */
    readonly name: string;
  };
  /** A call to an authorization server failed, or its reply cannot be used. Written by `FailureLog`. */
  readonly call_failed: {
    readonly cluster: string;
    readonly reason: string;
    readonly status: number | null;
    readonly tookMs: number | null;
  };
  /** Probes have found that an authorization server fails, or that it answers again. */
  readonly server_state: {
    readonly cluster: string;
    readonly state: string;
    /** When it became suspected, ms since 1970; null while it answers. */
    readonly sinceMs: number | null;
    readonly failedProbes: number;
  };
  /** The object's storage refused a read or a write. */
  readonly storage_failed: {
    /** Null before the object knows its service. */
    readonly service: string | null;
    readonly what: string;
    readonly error: string;
    /** Failures in this life of the object. */
    readonly failures: number;
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

/** @param fields begin with the service */
export function eventLine<Name extends EventName>(
  event: Name,
  fields: Events[Name] & { readonly service: string | null },
  cfRay: string | null,
  leftOut: number,
): string {
  return JSON.stringify({ event, ...fields, cfRay, ...(leftOut > 0 ? { leftOut } : {}) });
}

/** Writes events of one service, or of an isolate, as lines of JSON. Of each event at most `LINE_LIMITS`, except of purges. */
export class EventLog {
  readonly #service: string | null;
  readonly #nowMs: () => number;
  readonly #write: (line: string) => void;
  readonly #limits = new Map<EventName, LineLimit>();

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

  /** @param cfRay of the request that caused it; null: none did, or it has no such header */
  write<Name extends EventName>(event: Name, fields: Events[Name], cfRay: string | null = null): void {
    // Only the operator purges, and each purge is worth a line.
    const leftOut = event === "purge" ? 0 : this.#leftOutBefore(event);
    if (leftOut === undefined) return;
    this.#write(eventLine(event, { service: this.#service, ...fields }, cfRay, leftOut));
  }

  /** @returns as `LineLimit.take` */
  #leftOutBefore(event: EventName): number | undefined {
    let limit = this.#limits.get(event);
    if (limit === undefined) {
      limit = new LineLimit(LINE_LIMITS);
      this.#limits.set(event, limit);
    }
    return limit.take(this.#nowMs());
  }
}

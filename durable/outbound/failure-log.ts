import { eventLine } from "../log/events.ts";

/** Failure of a call to an authorization server. No field comes from a client. */
export interface CallFailure {
  readonly cluster: string;
  /** What happened, or why the call was not sent or its reply not accepted. One of a few texts; each is a separate kind. */
  readonly reason: string;
  readonly status?: number;
  readonly tookMs?: number;
  /** Of the request that caused the call. */
  readonly cfRay?: string | null;
}

/** Minimum time between two lines of one kind. Logs are billed by the line, and a server that is down fails every call. */
const INTERVAL_MS = 1_000;

interface Kind {
  /** The last failure left out since the last line. */
  last: CallFailure | undefined;
  leftOut: number;
}

/** Runs something after some milliseconds. */
type Schedule = (run: () => void, delayMs: number) => void;

/** Logs at most one line per second for each kind of failure, with the number of failures left out. */
export class FailureLog {
  readonly #service: string;
  readonly #write: (line: string) => void;
  readonly #schedule: Schedule;
  /** Kinds with a line within the last interval. */
  readonly #kinds = new Map<string, Kind>();

  constructor(
    service: string,
    write: (line: string) => void = (line) => console.log(line),
    schedule: Schedule = (run, delayMs) => setTimeout(run, delayMs),
  ) {
    this.#service = service;
    this.#write = write;
    this.#schedule = schedule;
  }

  note(failure: CallFailure): void {
    const key = `${failure.cluster} ${failure.reason} ${failure.status ?? ""}`;
    const kind = this.#kinds.get(key);
    if (kind === undefined) {
      this.#writeLine(failure, 0);
      this.#startInterval(key);
    } else {
      kind.last = failure;
      kind.leftOut += 1;
    }
  }

  /** When the interval ends, writes one line for all failures left out, so that they are logged even if no other follows. */
  #startInterval(key: string): void {
    const kind: Kind = { last: undefined, leftOut: 0 };
    this.#kinds.set(key, kind);
    this.#schedule(() => {
      this.#kinds.delete(key);
      if (kind.last === undefined) return;
      this.#writeLine(kind.last, kind.leftOut - 1);
      this.#startInterval(key);
    }, INTERVAL_MS);
  }

  #writeLine({ cluster, reason, status, tookMs, cfRay = null }: CallFailure, leftOut: number): void {
    const fields = {
      ...{ service: this.#service, cluster, reason, status: status ?? null },
      tookMs: tookMs === undefined ? null : Math.round(tookMs),
    };
    this.#write(eventLine("call_failed", fields, cfRay, leftOut));
  }
}

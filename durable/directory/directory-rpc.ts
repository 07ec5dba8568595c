import type { HistoryPoint } from "./history-point.ts";
import type { DirectoryReport } from "./service-report.ts";

/** No service can have this name: theirs begin with a letter. */
export const DIRECTORY = "/directory";

/** Version of the reports; a directory of another deployment may write or read another one. */
export const REPORT_VERSION = 1;

/** What the directory knows of one service. */
export interface DirectoryEntry extends DirectoryReport {
  readonly service: string;
}

export interface DirectoryReading {
  readonly entries: readonly DirectoryEntry[];
  /** Of the services asked for by name, when history is asked for; oldest first, a minute apart, older ones a quarter of an hour. */
  readonly history: Readonly<Record<string, readonly HistoryPoint[]>>;
}

export interface DirectoryQuery {
  /** Undefined: all. */
  readonly services?: readonly string[];
  /** Points from this time on, and the last one before it; undefined: no history. ms since 1970 */
  readonly sinceMs?: number;
  /** `base`: of each service only the point that a window's counts begin with. Two days of 200 services are too long for one message. */
  readonly points?: "all" | "base";
  /** A service whose last figures are from before `beforeMs` has the points of so long a window before these, not those since `sinceMs`. */
  readonly lastAwake?: { readonly beforeMs: number; readonly windowMs: number };
}

import type { StorageHealth } from "../storage/storage-health.ts";
import { type DirectoryEntry, type DirectoryQuery, type DirectoryReading, REPORT_VERSION } from "./directory-rpc.ts";
import { History, type HistoryStorage } from "./history.ts";
import { pointOf, windowBase } from "./history-point.ts";
import type { DirectoryReport } from "./service-report.ts";

const PREFIX = "service:";

/** Storage key of the last figures of a service. */
export function figuresKey(service: string): string {
  return PREFIX + service;
}

/** Services that have told nothing for so long are forgotten, if the configuration no longer has them. */
const FORGOTTEN_AFTER_MS = 30 * 86_400_000;

/** A report from further in the future comes from a clock that was set back since. */
const FUTURE_MS = 60_000;

export interface DirectoryDependencies {
  readonly storage: HistoryStorage;
  readonly health: Pick<StorageHealth, "attempt">;
  /** Services of the configuration. */
  readonly services: readonly string[];
  readonly nowMs: () => number;
  /** Called with each report that is taken, and the one before; never throws. */
  readonly onReport?: ((current: DirectoryReport, previous: DirectoryReport | undefined) => void) | undefined;
}

/**
 * The last figures of every service and their history, so that reading them wakes no service. Reports are totals: one that is lost is made up
 * for by the next. A report that comes late, behind a newer one, is dropped.
 */
export class Directory {
  readonly #with: DirectoryDependencies;
  readonly #history: History;
  #entries: Map<string, DirectoryEntry> | undefined;

  constructor(dependencies: DirectoryDependencies) {
    this.#with = dependencies;
    this.#history = new History(dependencies.storage);
  }

  /** @returns whether it was taken */
  report(sent: DirectoryReport): boolean {
    const { storage, health, nowMs } = this.#with;
    const { name: service, atMs } = sent.report;
    const known = this.#known().get(service);
    if (known !== undefined && known.report.atMs > atMs && known.report.atMs <= nowMs() + FUTURE_MS) return false;
    const entry = { service, ...sent };
    this.#known().set(service, entry);
    health.attempt("writing figures", () => storage.put(figuresKey(service), { v: REPORT_VERSION, ...entry }));
    health.attempt("writing history", () => this.#history.add(service, pointOf(sent.report)));
    this.#with.onReport?.(sent, known);
    return true;
  }

  read({ services, sinceMs, points = "all", lastAwake }: DirectoryQuery): DirectoryReading {
    const all = [...this.#known().values()];
    const entries = services === undefined ? all : all.filter(({ service }) => services.includes(service));
    if (sinceMs === undefined) return { entries, history: {} };
    const history = entries.map(({ service, report }) => {
      const isAsleep = lastAwake !== undefined && report.atMs < lastAwake.beforeMs;
      const fromMs = isAsleep ? report.atMs - lastAwake.windowMs : sinceMs;
      const all = this.#historyOf(service, fromMs);
      const base = points === "base" ? windowBase(all, report.countsSinceMs, fromMs) : undefined;
      return [service, points === "all" ? all : base === undefined ? [] : [base]] as const;
    });
    return { entries, history: Object.fromEntries(history) };
  }

  #historyOf(service: string, sinceMs: number): DirectoryReading["history"][string] {
    return this.#with.health.attempt("reading history", () => this.#history.read(service, sinceMs)) ?? [];
  }

  #known(): Map<string, DirectoryEntry> {
    if (this.#entries !== undefined) return this.#entries;
    const { storage, health, services, nowMs } = this.#with;
    const entries = new Map<string, DirectoryEntry>();
    const stored = health.attempt("reading figures", () => [...storage.list({ prefix: PREFIX })]);
    // A storage that fails is read again next time.
    if (stored === undefined) return entries;
    for (const [key, value] of stored) {
      const entry = readEntry(value);
      const isOld = entry === undefined || entry.report.atMs < nowMs() - FORGOTTEN_AFTER_MS;
      if (isOld && !services.includes(key.slice(PREFIX.length))) {
        health.attempt("removing figures", () => storage.delete(key));
        health.attempt("removing history", () => this.#history.forget(key.slice(PREFIX.length)));
      } else if (entry !== undefined) entries.set(entry.service, entry);
    }
    this.#entries = entries;
    return entries;
  }
}

/** Another version may have written it. */
function readEntry(value: unknown): DirectoryEntry | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { v, ...entry } = value as { v: unknown } & DirectoryEntry;
  return v === REPORT_VERSION ? entry : undefined;
}

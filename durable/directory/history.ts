import type { HistoryPoint } from "./history-point.ts";

const HOUR_MS = 3_600_000;

export const HISTORY = {
  /** Points are this far apart in the newest two hours. */
  fineMs: 60_000,
  /** And this far before. */
  coarseMs: 900_000,
  /** So long is history kept. */
  keptMs: 48 * HOUR_MS,
} as const;

/** One stored row: the points of one hour. */
export interface HistoryStorage {
  get(key: string): unknown;
  put(key: string, value: unknown): void;
  delete(key: string): unknown;
  list(options: { prefix: string; reverse?: boolean }): Iterable<[string, unknown]>;
}

const PREFIX = "points";

/**
 * The history of each service's figures. Each hour is a row, so that a new point rewrites an hour at most. When an hour begins, those
 * before the last are thinned, and the oldest is removed.
 */
export class History {
  readonly #storage: HistoryStorage;

  constructor(storage: HistoryStorage) {
    this.#storage = storage;
  }

  add(service: string, point: HistoryPoint): void {
    const hour = hourOf(point.timeMs);
    const key = pointsKey(service, hour);
    const stored = this.#storage.get(key);
    if (stored === undefined) this.#tidy(service, hour);
    this.#storage.put(key, spaced([...pointsIn(stored), point], HISTORY.fineMs));
  }

  /** Points from this time on, oldest first, and the last one before it. */
  read(service: string, sinceMs: number): HistoryPoint[] {
    const newestFirst: HistoryPoint[][] = [];
    for (const [, stored] of this.#storage.list({ prefix: `${PREFIX}:${service}:`, reverse: true })) {
      const points = pointsIn(stored);
      newestFirst.push(points);
      if (points[0] !== undefined && points[0].timeMs < sinceMs) break;
    }
    const all = newestFirst.toReversed().flat();
    const first = all.findIndex(({ timeMs }) => timeMs >= sinceMs);
    return first < 0 ? all.slice(-1) : all.slice(Math.max(0, first - 1));
  }

  forget(service: string): void {
    for (const [key] of [...this.#storage.list({ prefix: `${PREFIX}:${service}:` })]) this.#storage.delete(key);
  }

  #tidy(service: string, hour: number): void {
    for (const [key, stored] of [...this.#storage.list({ prefix: `${PREFIX}:${service}:` })]) {
      const points = pointsIn(stored);
      const ageMs = (hour - Number(key.slice(key.lastIndexOf(":") + 1))) * HOUR_MS;
      if (!(ageMs >= 0 && ageMs <= HISTORY.keptMs)) this.#storage.delete(key);
      else if (ageMs > HOUR_MS && points.length > HOUR_MS / HISTORY.coarseMs) {
        this.#storage.put(key, spaced(points, HISTORY.coarseMs));
      }
    }
  }
}

/** The last point of each interval. */
function spaced(points: readonly HistoryPoint[], intervalMs: number): HistoryPoint[] {
  return points.filter(({ timeMs }, index) => {
    const next = points[index + 1];
    return next === undefined || Math.floor(next.timeMs / intervalMs) !== Math.floor(timeMs / intervalMs);
  });
}

/** Storage key of the points of one hour, counted since 1970. Keys sort by time. */
export function pointsKey(service: string, hour: number): string {
  return `${PREFIX}:${service}:${String(hour).padStart(9, "0")}`;
}

function hourOf(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS);
}

/** Another version may have written them. */
function pointsIn(stored: unknown): HistoryPoint[] {
  return Array.isArray(stored)
    ? stored.filter((point) => typeof point?.timeMs === "number" && point.counts && point.clusters)
    : [];
}

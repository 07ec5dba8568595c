import { OutboundCurve } from "./outbound-curve.ts";
import { TtlWindows } from "./ttl-windows.ts";

/** A generation as its samples show it. */
export interface ObservedGeneration {
  /** 0 before the first one. */
  readonly number: number;
  readonly startedMs: number;
  /** When its cache was last empty. Before `startedMs` if it took over entries. */
  readonly emptyAtMs: number;
  /** Calls since then, without those that made no entry. */
  readonly curve: OutboundCurve;
  readonly windows: TtlWindows;
  /** At the last sample, or at the start before the first. */
  allocatedBytes: number;
  hasGrown: boolean;
  grewAtMs: number;
}

/** A generation that starts with an empty cache. @param grid the candidate TTLs */
export function emptyGeneration(
  number: number,
  startedMs: number,
  startBytes: number,
  grid: Float64Array,
): ObservedGeneration {
  return {
    number,
    startedMs,
    emptyAtMs: startedMs,
    curve: new OutboundCurve(startedMs),
    windows: new TtlWindows(grid),
    allocatedBytes: startBytes,
    hasGrown: false,
    grewAtMs: startedMs,
  };
}

/** A generation that took over the live entries of the one before, whose calls it goes on counting. */
export function successor(started: ObservedGeneration, before: ObservedGeneration): ObservedGeneration {
  const { curve, windows, emptyAtMs } = before;
  windows.restart();
  // No calls were made while no instance ran, so don't spread the next calls over that time.
  if (started.startedMs > curve.endMs) curve.push(started.startedMs, 0, 0);
  return { ...started, curve, windows, emptyAtMs };
}

/** The same generation after a change of the TTL: the maximum of its live entries begins anew. */
export function withWindowsAnew(generation: ObservedGeneration, grid: Float64Array): ObservedGeneration {
  const windows = new TtlWindows(grid);
  windows.update(generation.curve);
  windows.restart();
  return { ...generation, windows };
}

import type { Gateway } from "../../config/index.ts";

/** What a request to /stats asks for. */
export interface StatsQuery {
  /** Undefined: all services. */
  readonly service?: string | undefined;
  /** Undefined: no window. */
  readonly windowMs?: number | undefined;
  /** All samples, starts and restarts; they are in the service's object, which this wakes. */
  readonly samples: boolean;
  /** Ask the objects, not the directory. */
  readonly wake: boolean;
}

export type ParsedQuery =
  | { readonly ok: true; readonly query: StatsQuery }
  | { readonly ok: false; readonly reason: string };

const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** So far does the history of the directory reach back. */
const MAX_WINDOW_MS = 2 * UNITS_MS.d;

const PARAMETERS = ["service", "window", "samples", "wake"] as const;

/**
 * Reads the query of /stats. Refuses what it does not know: a mistyped parameter must not show other figures than those asked for.
 * Never throws; `reason` is for people.
 */
export function readStatsQuery(parameters: URLSearchParams, gateway: Gateway): ParsedQuery {
  for (const name of new Set(parameters.keys())) {
    if (!(PARAMETERS as readonly string[]).includes(name))
      return refused(`${shown(name)}: allowed are ${PARAMETERS.join(", ")}`);
    if (parameters.getAll(name).length > 1) return refused(`${name}: found more than once`);
  }
  const service = parameters.get("service") ?? undefined;
  if (service !== undefined && !gateway.services.some(({ name }) => name === service)) {
    return refused(
      `service: found ${shown(service)}, allowed are ${gateway.services.map(({ name }) => name).join(", ")}`,
    );
  }
  const window = parameters.get("window");
  const windowMs = window === null ? undefined : readWindow(window);
  if (window !== null && windowMs === undefined) {
    return refused(`window: found ${shown(window)}, allowed is a time from 1m to 2d, such as 15m, 6h or 1d`);
  }
  for (const name of ["samples", "wake"] as const) {
    const value = parameters.get(name);
    if (value !== null && value !== "0" && value !== "1")
      return refused(`${name}: found ${shown(value)}, allowed are 0 and 1`);
  }
  const samples = parameters.get("samples") === "1";
  return { ok: true, query: { service, windowMs, samples, wake: samples || parameters.get("wake") === "1" } };
}

function readWindow(text: string): number | undefined {
  const [, count, unit] = /^([1-9]\d{0,3})([mhd])$/.exec(text) ?? [];
  if (count === undefined) return undefined;
  const windowMs = Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
  return windowMs <= MAX_WINDOW_MS ? windowMs : undefined;
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}

function refused(reason: string): ParsedQuery {
  return { ok: false, reason };
}

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

export type ParsedQuery = { readonly ok: true; readonly query: StatsQuery } | RefusedQuery;

/** `reason` is for people. */
interface RefusedQuery {
  readonly ok: false;
  readonly reason: string;
}

const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** So far does the history of the directory reach back. */
const MAX_WINDOW_MS = 2 * UNITS_MS.d;

const PARAMETERS = ["service", "window", "samples", "wake"];

/**
 * Reads the query of /stats. Refuses what it does not know: a mistyped parameter must not show other figures than those asked for.
 * Never throws.
 */
export function readStatsQuery(parameters: URLSearchParams, gateway: Gateway): ParsedQuery {
  const refusal = refuseNames(parameters, PARAMETERS) ?? refuseService(parameters, gateway);
  if (refusal !== undefined) return refusal;
  const service = parameters.get("service") ?? undefined;
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

/** Reads the query of the live stream: the name of a service. Never throws. */
export function readLiveQuery(
  parameters: URLSearchParams,
  gateway: Gateway,
): { readonly ok: true; readonly service: string } | RefusedQuery {
  const refusal = refuseNames(parameters, ["service"]) ?? refuseService(parameters, gateway);
  if (refusal !== undefined) return refusal;
  const service = parameters.get("service");
  return service === null ? refused(`service: missing, allowed are ${namesIn(gateway)}`) : { ok: true, service };
}

function refuseNames(parameters: URLSearchParams, allowed: readonly string[]): RefusedQuery | undefined {
  for (const name of new Set(parameters.keys())) {
    if (!allowed.includes(name)) return refused(`${shown(name)}: allowed are ${allowed.join(", ")}`);
    if (parameters.getAll(name).length > 1) return refused(`${name}: found more than once`);
  }
  return undefined;
}

function refuseService(parameters: URLSearchParams, gateway: Gateway): RefusedQuery | undefined {
  const service = parameters.get("service");
  if (service === null || gateway.services.some(({ name }) => name === service)) return undefined;
  return refused(`service: found ${shown(service)}, allowed are ${namesIn(gateway)}`);
}

function namesIn({ services }: Gateway): string {
  return services.map(({ name }) => name).join(", ");
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

function refused(reason: string): RefusedQuery {
  return { ok: false, reason };
}

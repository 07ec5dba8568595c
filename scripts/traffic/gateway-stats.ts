import * as v from "valibot";

/** The fields of a service in GET /stats that a run needs. Estimates may be absent at first. */
const Service = v.object({
  name: v.string(),
  phase: v.optional(v.string()),
  allocatedBytes: v.nullish(v.number()),
  requiredBytes: v.nullish(v.number()),
  ttlMs: v.nullish(v.number()),
  requests: v.number(),
  hits: v.number(),
  restartCount: v.number(),
});

const Stats = v.object({ services: v.array(v.unknown()) });

/** The sum over all services. */
export interface GatewayReading {
  requests: number;
  hits: number;
  restarts: number;
  allocatedBytes: number;
  /** Undefined while no service has an estimate. */
  requiredBytes: number | undefined;
  /** The phase of the only service; undefined if there are several. */
  phase: string | undefined;
}

/**
 * Reads the body of GET /stats. Leaves out services that have an error instead of numbers. Returns undefined for a body of
 * another form.
 */
export function readGatewayStats(body: unknown): GatewayReading | undefined {
  const stats = v.safeParse(Stats, body);
  if (!stats.success) return undefined;
  const services = stats.output.services.flatMap((service) => {
    const parsed = v.safeParse(Service, service);
    return parsed.success ? [parsed.output] : [];
  });
  if (services.length === 0) return undefined;
  const estimates = services.flatMap(({ requiredBytes }) => requiredBytes ?? []);
  return {
    requests: sum(services.map(({ requests }) => requests)),
    hits: sum(services.map(({ hits }) => hits)),
    restarts: sum(services.map(({ restartCount }) => restartCount)),
    allocatedBytes: sum(services.map(({ allocatedBytes }) => allocatedBytes ?? 0)),
    requiredBytes: estimates.length === 0 ? undefined : sum(estimates),
    phase: services.length === 1 ? services[0]?.phase : undefined,
  };
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Changes in the gateway since the run began. */
export interface GatewayProgress {
  now: GatewayReading;
  /** For requests since the run began; undefined before the first, or if the gateway's counters were reset. */
  hitRate: number | undefined;
  restarts: number;
}

export function progressSince(start: GatewayReading, now: GatewayReading): GatewayProgress {
  const requests = now.requests - start.requests;
  return {
    now,
    hitRate: requests > 0 ? (now.hits - start.hits) / requests : undefined,
    restarts: Math.max(0, now.restarts - start.restarts),
  };
}

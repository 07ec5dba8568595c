import * as v from "valibot";

/** What a run needs of one service in GET /stats. An estimate is absent until there is one. */
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
  /** Of the only service; undefined if there are several. */
  phase: string | undefined;
}

/**
 * Reads the body of GET /stats. A service that could not be asked stands there with an error instead of numbers and is
 * left out; a body of another form is undefined.
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

/** What changed in the gateway since the run began. */
export interface GatewayProgress {
  now: GatewayReading;
  /** Of the requests since the run began; undefined before the first, or if the gateway's counters began anew. */
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

import type { BuiltInServiceInput, GatewayInput, ServiceInput } from "../../config/input.ts";

/** A thirtieth of the defaults: a quarter of an hour in production becomes half a minute here. */
const COLLECT_MS = 30_000;
const BIN_MS = 2_000;
const TTL_MS = 20_000;
const SAMPLE_INTERVAL_MS = 1_000;
const MIN_LIFETIME_MS = 2_000;

/**
 * Returns the gateway with short lives of decisions and instances, for `npm start -- --fast`: one can watch memory rise and
 * fall within minutes. The demo's authorization server sends a profile of 1 KB with each decision. Here it goes on to the
 * upstream, and so into the cache: a few thousand users then fill enough memory to be worth a restart.
 */
export function quicken(gateway: GatewayInput): GatewayInput {
  const services = Object.entries(gateway.services).map(([name, service]) => [name, quickenService(service)]);
  return { ...gateway, services: Object.fromEntries(services) };
}

function quickenService(service: ServiceInput): ServiceInput {
  const restart = {
    ...service.restart,
    collectMs: COLLECT_MS,
    binMs: BIN_MS,
    ttlCapMs: TTL_MS,
    ttlDefaultMs: TTL_MS,
    sampleIntervalMs: SAMPLE_INTERVAL_MS,
    minLifetimeMs: MIN_LIFETIME_MS,
  };
  const { authorization } = service;
  if (authorization === undefined || authorization.protocol === "jwt" || authorization.protocol === "api-keys") {
    return { ...service, restart };
  }
  return {
    ...service,
    restart,
    cache: { ...service.cache, maxTtlMs: TTL_MS, denyTtlMs: Math.min(service.cache?.denyTtlMs ?? TTL_MS, TTL_MS / 4) },
    authorization: withProfile(authorization),
  } as BuiltInServiceInput;
}

type Authorization = BuiltInServiceInput["authorization"];

/** Introspection has no headers to pass on. */
function withProfile(authorization: Authorization): Authorization {
  if (authorization.protocol === "introspection") return authorization;
  return { ...authorization, upstreamHeaders: [...new Set([...(authorization.upstreamHeaders ?? []), "x-profile"])] };
}

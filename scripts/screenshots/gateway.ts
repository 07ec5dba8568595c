import { defineGateway } from "../../config/index.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { createGateway } from "../../worker/create-gateway.ts";

/** Origins of the servers. Set when the Worker is bundled. */
declare const UPSTREAM: string;
declare const AUTHORIZATION: string;
/** Nothing listens there. */
declare const NOBODY: string;

/** A day of production in minutes: decisions live for one minute, and the policy collects for one. */
const TTL_MS = 60_000;

const service = (name: string, server: string) =>
  ({
    route: { prefix: `/${name}` },
    upstream: { url: UPSTREAM },
    filter,
    clusters: { auth: { url: server, timeoutMs: 2_500 } },
    authorization: { protocol: "forward-auth", cluster: "auth", path: `/${name}`, upstreamHeaders: ["x-profile"] },
    cache: { maxTtlMs: TTL_MS, denyTtlMs: TTL_MS / 4 },
    restart: {
      ...{ collectMs: 60_000, binMs: 3_000, sampleIntervalMs: 1_000, minLifetimeMs: 300_000 },
      ...{ ttlCapMs: TTL_MS, ttlDefaultMs: TTL_MS },
    },
  }) as const;

/** A few services as a team could have them: busy, slow, asleep, without a server, and new. */
const gateway = createGateway(
  defineGateway({
    services: {
      orders: service("orders", AUTHORIZATION),
      payments: service("payments", AUTHORIZATION),
      search: service("search", AUTHORIZATION),
      invoices: service("invoices", NOBODY),
      reports: service("reports", AUTHORIZATION),
      partners: service("partners", AUTHORIZATION),
    },
  }),
);

export default gateway.worker;
export const ServiceObject = gateway.ServiceObject;
export const AuthorizationCalls = gateway.AuthorizationCalls;

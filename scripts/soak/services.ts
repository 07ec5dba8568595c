import type { GatewayWithoutFilter, ServiceWithoutFilter } from "../../test/security/configuration.ts";
import type { Lifetimes } from "./reference.ts";

/** Short, so that revocation, expiry and restarts come often. */
export const LIFETIMES: Lifetimes = { allowMs: 5_000, denyMs: 1_000 };

/** A service for each protocol, one with `persist` and one with `failOpen`; `site` shares its upstream with the others. */
export const SERVICE_NAMES = ["forward", "introspection", "opa", "authzen", "persisted", "open"] as const;

/** The service that lets all requests pass while its server is down. */
export const OPEN_SERVICE = "open";

/** In the introspection service; paths below it need `ADMIN_SCOPE`. */
export const ADMIN_PATH = "/introspection/admin";
export const ADMIN_SCOPE = "admin";

export function soakGateway(authorizationOrigin: string, upstreamOrigin: string): GatewayWithoutFilter {
  const common = {
    upstream: { url: upstreamOrigin },
    clusters: { auth: { url: authorizationOrigin, timeoutMs: 1_000 } },
    cache: { maxTtlMs: LIFETIMES.allowMs, denyTtlMs: LIFETIMES.denyMs, maxBytes: 4 * 1_024 * 1_024 },
    restart: { collectMs: 90_000, binMs: 10_000, ttlCapMs: 60_000, ttlDefaultMs: 10_000, sampleIntervalMs: 1_000 },
  } as const;
  const forwardAuth = {
    protocol: "forward-auth",
    cluster: "auth",
    path: "/check",
    uri: "none",
    upstreamHeaders: ["x-user"],
  } as const;
  const service = (name: string, fields: Partial<ServiceWithoutFilter> = {}): ServiceWithoutFilter =>
    ({
      ...common,
      route: { prefix: `/${name}` },
      authorization: forwardAuth,
      rules: [{ path: `/${name}/public`, public: true }],
      ...fields,
    }) as ServiceWithoutFilter;
  return {
    services: {
      forward: service("forward"),
      introspection: service("introspection", {
        rules: [
          { path: "/introspection/public", public: true },
          { path: `${ADMIN_PATH}/*`, scopes: [ADMIN_SCOPE] },
        ],
        authorization: {
          protocol: "introspection",
          cluster: "auth",
          path: "/introspect",
          clientAuthentication: { type: "none" },
          upstreamClaims: { sub: "x-user" },
        },
      }),
      opa: service("opa", {
        authorization: { protocol: "opa", cluster: "auth", path: "/opa", uri: "none", upstreamHeaders: ["x-user"] },
      }),
      authzen: service("authzen", {
        authorization: {
          protocol: "authzen",
          cluster: "auth",
          path: "/authzen",
          uri: "none",
          upstreamHeaders: ["x-user"],
        },
      }),
      persisted: service("persisted", { cache: { ...common.cache, persist: true } }),
      [OPEN_SERVICE]: service(OPEN_SERVICE, { failOpen: true }),
      site: service("site", { route: { prefix: "/" }, rules: [{ path: "/*", public: true }] }),
    },
  };
}

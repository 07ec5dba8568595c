import { defineGateway, secret } from "../../config/index.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { createGateway } from "../../worker/create-gateway.ts";

/** Origin of the authorization server. Set when the Worker is bundled. */
declare const OIDC_ORIGIN: string;

const client = { type: "basic", id: "gateway", secret: secret("INTROSPECTION_SECRET") } as const;
const introspection = { protocol: "introspection", cluster: "oidc", path: "/token/introspection" } as const;
const common = {
  upstream: { binding: "UPSTREAM" },
  filter,
  clusters: { oidc: { url: OIDC_ORIGIN } },
} as const;

const gateway = createGateway(
  defineGateway({
    services: {
      orders: {
        ...common,
        route: { prefix: "/orders" },
        authorization: {
          ...introspection,
          clientAuthentication: client,
          upstreamClaims: { client_id: "x-client", scope: "x-scope" },
        },
        cache: { maxTtlMs: 2_000, denyTtlMs: 1_000, obeyCacheControl: false },
        rules: [{ path: "/orders/admin/*", scopes: ["orders:admin"] }],
      },
      obedient: {
        ...common,
        route: { prefix: "/obedient" },
        authorization: { ...introspection, clientAuthentication: client },
      },
      shops: {
        ...common,
        route: { prefix: "/shops" },
        authorization: {
          ...introspection,
          clientAuthentication: client,
          expect: { issuer: OIDC_ORIGIN, tokenType: "bearer", clientIds: ["kiosk", "shop"] },
        },
      },
      kiosks: {
        ...common,
        route: { prefix: "/kiosks" },
        authorization: { ...introspection, clientAuthentication: client, expect: { clientIds: ["kiosk"] } },
      },
      misconfigured: {
        ...common,
        route: { prefix: "/misconfigured" },
        authorization: { ...introspection, clientAuthentication: { ...client, secret: secret("WRONG_SECRET") } },
      },
      "without-secret": {
        ...common,
        route: { prefix: "/without-secret" },
        authorization: { ...introspection, clientAuthentication: { ...client, secret: secret("MISSING_SECRET") } },
      },
    },
  }),
);

export default gateway.worker;
export const ServiceObject = gateway.ServiceObject;
export const AuthorizationCalls = gateway.AuthorizationCalls;

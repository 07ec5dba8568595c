import { defineGateway, secret } from "../../config/index.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { createGateway } from "../../worker/create-gateway.ts";

/** Origin of the authorization server. Set when the Worker is bundled. */
declare const OIDC_ORIGIN: string;

const upstream = { binding: "UPSTREAM" } as const;
const issuers = [{ issuer: OIDC_ORIGIN, audience: "https://orders.example.com", typ: "at+jwt" }];

const gateway = createGateway(
  defineGateway({
    services: {
      orders: {
        upstream,
        route: { prefix: "/orders" },
        authorization: { protocol: "jwt", issuers, upstreamClaims: { sub: "x-user", client_id: "x-client" } },
        rules: [{ path: "/orders/admin/*", scopes: ["orders:admin"] }],
      },
      revocable: {
        upstream,
        filter,
        route: { prefix: "/revocable" },
        clusters: { oidc: { url: OIDC_ORIGIN } },
        authorization: {
          protocol: "introspection",
          cluster: "oidc",
          path: "/revocations/introspection",
          clientAuthentication: { type: "basic", id: "gateway", secret: secret("INTROSPECTION_SECRET") },
          expect: { audience: "https://orders.example.com" },
          verify: { issuers },
          upstreamClaims: { client_id: "x-client" },
        },
        cache: { maxTtlMs: 1_000, denyTtlMs: 1_000 },
      },
      // The provider's own introspection takes no JWTs.
      introspected: {
        upstream,
        filter,
        route: { prefix: "/introspected" },
        clusters: { oidc: { url: OIDC_ORIGIN } },
        authorization: {
          protocol: "introspection",
          cluster: "oidc",
          path: "/token/introspection",
          clientAuthentication: { type: "basic", id: "gateway", secret: secret("INTROSPECTION_SECRET") },
          expect: { audience: "https://orders.example.com" },
          verify: { issuers },
        },
      },
    },
  }),
);

export default gateway.worker;
export const ServiceObject = gateway.ServiceObject;
export const AuthorizationCalls = gateway.AuthorizationCalls;

import { defineGateway, secret } from "../../config/index.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { createGateway } from "../../worker/create-gateway.ts";

/** Origin of the authorization server. Set when the Worker is bundled. */
declare const OIDC_ORIGIN: string;

const gateway = createGateway(
  defineGateway({
    services: {
      orders: {
        route: { prefix: "/orders" },
        upstream: { binding: "UPSTREAM" },
        filter,
        clusters: { oidc: { url: OIDC_ORIGIN } },
        authorization: {
          protocol: "introspection",
          cluster: "oidc",
          path: "/token/introspection",
          clientAuthentication: {
            type: "private-key-jwt",
            id: "gateway",
            key: secret("GATEWAY_KEY"),
            algorithm: "ES256",
            audience: OIDC_ORIGIN,
          },
          signedReplies: { issuer: OIDC_ORIGIN },
          upstreamClaims: { client_id: "x-client", scope: "x-scope" },
        },
      },
    },
  }),
);

export default gateway.worker;
export const ServiceObject = gateway.ServiceObject;
export const AuthorizationCalls = gateway.AuthorizationCalls;

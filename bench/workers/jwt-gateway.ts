import { defineGateway } from "../../config/index.ts";
import { createGateway } from "../../worker/create-gateway.ts";

/** The Worker verifies tokens itself, and keeps the results. */
const gateway = createGateway(
  defineGateway({
    services: {
      orders: {
        route: { prefix: "/orders" },
        upstream: { binding: "UPSTREAM" },
        clusters: { login: { binding: "LOGIN" } },
        authorization: {
          protocol: "jwt",
          issuers: [
            {
              issuer: "https://login.example/",
              audience: "orders-api",
              jwks: { cluster: "login", path: "/jwks.json" },
            },
          ],
          upstreamClaims: { sub: "x-user" },
        },
      },
    },
  }),
);

export default gateway.worker;
export const ServiceObject = gateway.ServiceObject;
export const AuthorizationCalls = gateway.AuthorizationCalls;

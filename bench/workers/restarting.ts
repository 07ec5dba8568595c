import { defineGateway } from "../../config/index.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { createGateway } from "../../worker/create-gateway.ts";

/**
 * A service that only the operator restarts. Decisions last shorter than a run, so that there are misses throughout.
 */
const gateway = createGateway(
  defineGateway({
    services: {
      orders: {
        route: { prefix: "/orders" },
        upstream: { binding: "UPSTREAM" },
        filter,
        clusters: { auth: { binding: "AUTHORIZATION" } },
        authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", uri: "none" },
        cache: { maxTtlMs: 5_000, denyTtlMs: 5_000 },
        restart: { policy: "never" },
      },
    },
  }),
);

export default gateway.worker;
export const ServiceObject = gateway.ServiceObject;
export const AuthorizationCalls = gateway.AuthorizationCalls;

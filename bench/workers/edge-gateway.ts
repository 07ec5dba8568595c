import { defineGateway } from "../../config/index.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { createGateway } from "../../worker/create-gateway.ts";

/** The gateway of gateway.ts, with allows kept in the Worker's isolate. */
const gateway = createGateway(
  defineGateway({
    services: {
      orders: {
        route: { prefix: "/orders" },
        upstream: { binding: "UPSTREAM" },
        filter,
        clusters: { auth: { binding: "AUTHORIZATION" } },
        authorization: {
          protocol: "forward-auth",
          cluster: "auth",
          path: "/check",
          uri: "none",
          upstreamHeaders: ["x-user"],
        },
        cache: { edgeTtlMs: 5_000 },
      },
    },
  }),
);

export default gateway.worker;
export const ServiceObject = gateway.ServiceObject;
export const AuthorizationCalls = gateway.AuthorizationCalls;

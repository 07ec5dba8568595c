import { defineGateway } from "../../config/index.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { createGateway } from "../../worker/create-gateway.ts";

/** The gateway with the built-in filter, as a user would configure forward-auth. */
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
      },
    },
  }),
);

export default gateway.worker;
export const ServiceObject = gateway.ServiceObject;
export const AuthorizationCalls = gateway.AuthorizationCalls;

import { defineGateway } from "../../config/index.ts";
import filter from "../../examples/filters/build/deny-without-credential.wasm";
import { createGateway } from "../../worker/create-gateway.ts";

/** The gateway with a filter that is written with an AssemblyScript SDK. It looks at each request and calls nobody. */
const gateway = createGateway(
  defineGateway({
    services: {
      orders: {
        route: { prefix: "/orders" },
        upstream: { binding: "UPSTREAM" },
        filter,
        configuration: "authorization",
      },
    },
  }),
);

export default gateway.worker;
export const ServiceObject = gateway.ServiceObject;
export const AuthorizationCalls = gateway.AuthorizationCalls;

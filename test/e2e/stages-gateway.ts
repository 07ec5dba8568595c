import { defineGateway, type OtherServiceInput } from "../../config/index.ts";
import { createGateway } from "../../worker/create-gateway.ts";
import judgeEachChunk from "../workerd/guests/build/judge-each-chunk.wasm";
import responses from "../workerd/guests/build/responses.wasm";

/** Origin of the upstream. Set when the Worker is bundled. */
declare const UPSTREAM: string;

const common = { upstream: { url: UPSTREAM }, configuration: "" } satisfies Partial<OtherServiceInput>;

const gateway = createGateway(
  defineGateway({
    services: {
      requests: {
        ...common,
        route: { prefix: "/requests" },
        filter: judgeEachChunk,
        stages: ["request-body"],
      },
      responses: {
        ...common,
        route: { prefix: "/responses" },
        filter: responses,
        stages: ["response-headers", "response-body"],
      },
    },
  }),
);

export default gateway.worker;
export const ServiceObject = gateway.ServiceObject;
export const AuthorizationCalls = gateway.AuthorizationCalls;

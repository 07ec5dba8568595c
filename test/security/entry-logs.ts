import { defineGateway, type GatewayInput, type OtherServiceInput } from "../../config/index.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { createGateway } from "../../worker/create-gateway.ts";
import judging from "../workerd/guests/build/judge-whole-body.wasm";
import mortal from "../workerd/guests/build/mortal.wasm";
import unstartable from "../workerd/guests/build/unstartable.wasm";
import type { GatewayWithoutFilter } from "./configuration.ts";

/** A gateway that logs every decision. What it protects is set when the Worker is bundled. */
declare const SERVICES: GatewayWithoutFilter["services"];
declare const UPSTREAM: string;
/** A text that a handler's error holds. */
declare const CANARY_IN_ERROR: string;

const log = { decisions: "all" } as const;

const foreign = (name: string, module: WebAssembly.Module, more: object = {}): [string, OtherServiceInput] => [
  name,
  { route: { prefix: `/${name}` }, upstream: { url: UPSTREAM }, filter: module, configuration: "", log, ...more },
];

/** Fails with what the client sent in its error. */
const handler = {
  fetch(request: Request): Response {
    throw new TypeError(`${CANARY_IN_ERROR} ${request.url} ${request.headers.get("authorization")}`);
  },
};

/** `silent` logs no decisions. */
const builtIn = Object.entries(SERVICES).map(([name, service]) => [
  name,
  { ...(name === "silent" ? {} : { log }), ...service, filter },
]);
const handled = Object.entries(SERVICES).filter(([name]) => name === "forward");

const gateway = createGateway(
  defineGateway({
    services: {
      ...Object.fromEntries(builtIn),
      ...Object.fromEntries(
        handled.map(([, service]) => [
          "handled",
          { log, ...service, filter, route: { prefix: "/handled" }, upstream: { handler } },
        ]),
      ),
      ...Object.fromEntries([
        foreign("mortal", mortal),
        foreign("unstartable", unstartable, { failurePolicy: "open" }),
        foreign("judging", judging, {
          stages: ["request-body"],
        }),
      ]),
    } as GatewayInput["services"],
  }),
);

export const ServiceObject = gateway.ServiceObject;
export const AuthorizationCalls = gateway.AuthorizationCalls;
export default gateway.worker;

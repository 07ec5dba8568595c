import { defineGateway, type GatewayInput, type OtherServiceInput } from "../../config/index.ts";
import type { Env } from "../../durable/environment.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { createGateway } from "../../worker/create-gateway.ts";
import type { GatewayWithoutFilter } from "../security/configuration.ts";
import { resetIfAsked } from "../security/reset.ts";
import babbling from "../workerd/guests/build/babbling.wasm";
import growing from "../workerd/guests/build/growing.wasm";
import mortal from "../workerd/guests/build/mortal.wasm";
import unstartable from "../workerd/guests/build/unstartable.wasm";

/** Services in front of failing servers, and the URL of a working upstream. Set when the Worker is bundled. */
declare const SERVICES: GatewayWithoutFilter["services"];
declare const UPSTREAM: string;

const foreign = (name: string, module: WebAssembly.Module): [string, OtherServiceInput] => [
  name,
  { route: { prefix: `/${name}` }, upstream: { url: UPSTREAM }, filter: module, configuration: "", clusters: {} },
];

const gateway = createGateway(
  defineGateway({
    services: {
      ...Object.fromEntries(Object.entries(SERVICES).map(([name, service]) => [name, { ...service, filter }])),
      ...Object.fromEntries([
        foreign("mortal", mortal),
        foreign("unstartable", unstartable),
        foreign("babbling", babbling),
        foreign("growing", growing),
      ]),
    } as GatewayInput["services"],
  }),
);

/** The object, with a method to reset it. */
export class ServiceObject extends gateway.ServiceObject {
  async resetNow(reason: string): Promise<void> {
    this.ctx.abort(reason);
  }
}

export const AuthorizationCalls = gateway.AuthorizationCalls;

export default {
  async fetch(request, env, ctx) {
    const isOverloaded = request.headers.has("x-overloaded");
    const seen = isOverloaded ? { ...env, SERVICE_OBJECT: OVERLOADED } : env;
    return (await resetIfAsked(request, env)) ?? gateway.worker.fetch!(request, seen, ctx);
  },
} satisfies ExportedHandler<Env>;

/** Fails as the platform does when too many requests wait for an object. Plain workerd has no such limit. */
const OVERLOADED = {
  getByName: () => ({
    decide: async () => {
      const message = "Durable Object is overloaded. Too many requests queued.";
      throw Object.assign(new Error(message), { overloaded: true, retryable: true });
    },
  }),
} as unknown as Env["SERVICE_OBJECT"];

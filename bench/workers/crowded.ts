import { defineGateway } from "../../config/index.ts";
import type { Env } from "../../durable/environment.ts";
import { isolateSnapshot, thisIsolate } from "../../durable/memory/isolate.ts";
import filter from "../../test/workerd/guests/build/growing.wasm";
import { createGateway } from "../../worker/create-gateway.ts";

/**
 * Twenty services in one isolate, each with a filter that grows by almost 16 MiB on a request with the header `x-grow`.
 */
const SERVICES = 20;

const service = (name: string) => ({
  route: { prefix: `/${name}` },
  upstream: { binding: "UPSTREAM" },
  clusters: {},
  filter,
  configuration: "",
});
const names = Array.from({ length: SERVICES }, (_, n) => `service-${n}`);
const gateway = createGateway(
  defineGateway({ services: Object.fromEntries(names.map((name) => [name, service(name)])) }),
);

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname === "/isolate") return Response.json(isolateSnapshot(thisIsolate()));
    return gateway.worker.fetch!(request, env, ctx);
  },
} satisfies ExportedHandler<Env>;
export const ServiceObject = gateway.ServiceObject;
export const AuthorizationCalls = gateway.AuthorizationCalls;

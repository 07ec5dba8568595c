import { defineGateway } from "../../config/index.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { createGateway } from "../../worker/create-gateway.ts";

/** Origins of authorization servers, by the name of the service that asks them. Set when the Worker is bundled. */
declare const AUTHORIZATION_SERVERS: Record<string, string>;

function service(name: string, url: string, failOpen: boolean) {
  return {
    route: { prefix: `/${name}` },
    upstream: { binding: "UPSTREAM" },
    filter,
    clusters: { auth: { url, timeoutMs: 500 } },
    authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
    failOpen,
  } as const;
}

const entries = Object.entries(AUTHORIZATION_SERVERS).flatMap(([name, url]) => [
  [name, service(name, url, false)] as const,
  [`${name}-open`, service(`${name}-open`, url, true)] as const,
]);
const gateway = createGateway(defineGateway({ services: Object.fromEntries(entries) }));

export default gateway.worker;
export const ServiceObject = gateway.ServiceObject;
export const AuthorizationCalls = gateway.AuthorizationCalls;

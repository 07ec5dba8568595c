import { defineGateway, isolateLimits } from "../../config/index.ts";
import type { Env } from "../../durable/environment.ts";
import { forceGarbageCollection } from "../../durable/memory/force-gc.ts";
import { createIsolate, isolateSnapshot } from "../../durable/memory/isolate.ts";
import { reclaimSettings } from "../../durable/memory/reclaim.ts";
import { TIME_LIMITS } from "../../durable/runtime/time-limits.ts";
import filter from "../../test/workerd/guests/build/growing.wasm";
import { createGateway } from "../../worker/create-gateway.ts";

/** False for the contender that restarts but does not force garbage collection. Set when the Worker is bundled. */
declare const RECLAIMS: boolean;

const isolate = createIsolate(
  {
    nowMs: () => Date.now(),
    setTimer: (callback, delayMs) => {
      setTimeout(callback, delayMs);
    },
    provoke: forceGarbageCollection,
  },
  // A reclaimer that has given up forces nothing.
  { ...reclaimSettings(isolateLimits()), ...(RECLAIMS ? {} : { givesUpAfter: 0 }) },
);

/** A service whose filter lets every request pass and grows by 255 pages on a request with the header `x-grow`. */
const gateway = createGateway(
  defineGateway({
    services: {
      growing: {
        route: { prefix: "/growing" },
        upstream: { binding: "UPSTREAM" },
        clusters: {},
        filter,
        configuration: "",
        restart: { policy: "never" },
      },
    },
  }),
  {
    nowMs: () => Date.now(),
    randomBytes: (into) => crypto.getRandomValues(into),
    limits: TIME_LIMITS,
    isolate,
  },
);

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/isolate") return Response.json(isolateSnapshot(isolate));
    if (pathname === "/restart") return Response.json(await env.SERVICE_OBJECT.getByName("growing").restart());
    return gateway.worker.fetch!(request, env, ctx);
  },
} satisfies ExportedHandler<Env>;
export const ServiceObject = gateway.ServiceObject;
export const AuthorizationCalls = gateway.AuthorizationCalls;

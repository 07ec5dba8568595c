import { type BuiltInServiceInput, defineGateway } from "../../config/index.ts";
import { REPORTING } from "../../durable/directory/reporter.ts";
import type { Env } from "../../durable/environment.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { createGateway } from "../../worker/create-gateway.ts";
import { clock } from "./clock.ts";
import { filteredServices } from "./filtered.ts";
import { handledApp } from "./handled.ts";
import { lives } from "./lives.ts";

/** The gateway under test, with one service for each way to configure it. */
const common = {
  upstream: { binding: "UPSTREAM" },
  filter,
  clusters: { auth: { binding: "AUTHORIZATION", timeoutMs: 1_000 } },
  authorization: {
    protocol: "forward-auth",
    cluster: "auth",
    path: "/check",
    uri: "none",
    upstreamHeaders: ["x-user", "x-profile"],
    enforcesScopes: true,
  },
} satisfies Omit<BuiltInServiceInput, "route">;

const config = defineGateway({
  services: {
    ...filteredServices,
    // The filter of each-chunk sees each chunk of a body before the handler does.
    handled: { ...filteredServices["each-chunk"]!, route: { prefix: "/handled" }, upstream: { handler: handledApp } },
    orders: {
      ...common,
      route: { prefix: "/orders" },
      rules: [
        { path: "/orders/health", methods: ["GET"], public: true },
        { path: "/orders/admin/*", scopes: ["admin"] },
      ],
      preflight: "pass",
    },
    stripped: { ...common, route: { prefix: "/stripped", stripPrefix: true } },
    listed: {
      ...common,
      route: { prefix: "/listed" },
      unmatched: "deny",
      rules: [{ path: "/listed/open" }],
      restart: { collectMs: 180_000 },
    },
    persisted: { ...common, route: { prefix: "/persisted" }, cache: { persist: true } },
    "fail-open": { ...common, route: { prefix: "/fail-open" }, failOpen: true },
    unbound: {
      ...common,
      route: { prefix: "/unbound" },
      clusters: { auth: { binding: "NO_SUCH_BINDING" } },
      failOpen: true,
    },
    answering: {
      ...common,
      route: { prefix: "/answering" },
      preflight: { answer: { origins: ["https://app.example"], credentials: true } },
    },
    // The policy that restarts most often, to test that no restart changes an answer.
    traced: { ...common, route: { prefix: "/traced" }, restart: { policy: "ratio" } },
    ebbing: {
      ...common,
      route: { prefix: "/ebbing" },
      cache: { maxTtlMs: 60_000 },
      restart: { collectMs: 90_000, binMs: 10_000, ttlCapMs: 120_000, sampleIntervalMs: 1_000 },
    },
  },
});

const gateway = createGateway(config, {
  nowMs: () => clock.nowMs,
  randomBytes: (into) => crypto.getRandomValues(into),
  limits: { pausedMs: 2_500, drainMs: 1_500, tickWaitMs: 500 },
  // A timer keeps an object in memory, and tests evict objects.
  reportingLimits: { ...REPORTING, quietMs: 30, urgentMs: 1 },
});

export default gateway.worker;
export class ServiceObject extends gateway.ServiceObject {
  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    lives.begun += 1;
  }
}
export const AuthorizationCalls = gateway.AuthorizationCalls;

import type { GatewayInput } from "../../config/index.ts";
import type { Env } from "../../durable/environment.ts";
import type { ProbeLimits } from "../../durable/outbound/outbound-calls.ts";
import { PLATFORM_RUNTIME } from "../../durable/runtime/platform-runtime.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { createGateway } from "../../worker/create-gateway.ts";
import { COLLECT_PATH, type GatewayWithoutFilter } from "./configuration.ts";
import { resetIfAsked } from "./reset.ts";

/** The test's configuration. Set when the Worker is bundled. */
declare const GATEWAY: GatewayWithoutFilter;
/** Intervals and time-outs of probes; null: the platform's. */
declare const PROBE_LIMITS: ProbeLimits | null;

const services = Object.entries(GATEWAY.services).map(([name, service]) => [name, { ...service, filter }] as const);
const gateway = createGateway(
  { ...GATEWAY, services: Object.fromEntries(services) } as GatewayInput,
  PROBE_LIMITS === null ? PLATFORM_RUNTIME : { ...PLATFORM_RUNTIME, probeLimits: PROBE_LIMITS },
);

/** The object, with a method to reset it as a deployment does. */
export class ServiceObject extends gateway.ServiceObject {
  async resetNow(reason: string): Promise<void> {
    this.ctx.abort(reason);
  }
}

export const AuthorizationCalls = gateway.AuthorizationCalls;

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname === COLLECT_PATH) return collect();
    return (await resetIfAsked(request, env)) ?? gateway.worker.fetch!(request, env, ctx);
  },
} satisfies ExportedHandler<Env>;

/** Collects several times: each collection frees what finalizers released after the one before. */
async function collect(): Promise<Response> {
  for (let n = 0; n < 3; n += 1) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return new Response();
}

import type { Gateway } from "../../config/index.ts";
import { type Env, missingBindings, serviceObject } from "../../durable/environment.ts";
import type { ServiceStats } from "../../durable/service/service-stats.ts";

/** The response to GET /stats. A service that could not be asked has an error in place of its stats. */
export interface GatewayStats {
  readonly version: string;
  /** What keeps the gateway from working in this environment: missing bindings, variables without a valid value. */
  readonly problems: readonly string[];
  readonly services: readonly (ServiceStats | { readonly name: string; readonly error: string })[];
}

export async function gatewayStats(gateway: Gateway, env: Env): Promise<GatewayStats> {
  return {
    version: gateway.version,
    problems: [...(gateway.fault === undefined ? [] : [gateway.fault]), ...missingBindings(gateway, env)],
    services: await Promise.all(
      gateway.services.map(({ name }) =>
        gateway.fault === undefined ? serviceStats(name, env) : { name, error: gateway.fault },
      ),
    ),
  };
}

async function serviceStats(name: string, env: Env): Promise<GatewayStats["services"][number]> {
  try {
    const query = new URLSearchParams({ service: name });
    const response = await serviceObject(env, name).fetch(`https://object/stats?${query}`);
    if (!response.ok) return { name, error: `the object answered ${response.status}: ${await response.text()}` };
    return await response.json<ServiceStats>();
  } catch (error) {
    return { name, error: String(error) };
  }
}

import type { Gateway } from "../../config/index.ts";
import type { Env } from "../../durable/environment.ts";
import type { ServiceStats } from "../../durable/service/service-stats.ts";

/** The response to GET /stats. A service that could not be asked has an error in place of its stats. */
export interface GatewayStats {
  readonly version: string;
  readonly services: readonly (ServiceStats | { readonly name: string; readonly error: string })[];
}

export async function gatewayStats(gateway: Gateway, env: Env): Promise<GatewayStats> {
  return {
    version: gateway.version,
    services: await Promise.all(gateway.services.map(({ name }) => serviceStats(name, env))),
  };
}

async function serviceStats(name: string, env: Env): Promise<GatewayStats["services"][number]> {
  try {
    const query = new URLSearchParams({ service: name });
    const response = await env.SERVICE_OBJECT.getByName(name).fetch(`https://object/stats?${query}`);
    if (!response.ok) return { name, error: `the object answered ${response.status}: ${await response.text()}` };
    return await response.json<ServiceStats>();
  } catch (error) {
    return { name, error: String(error) };
  }
}

import type { ProbeLimits } from "../../durable/outbound/outbound-calls.ts";
import type { ServiceStats } from "../../durable/stats.ts";
import { bundleWorker } from "../../scripts/bundle-worker.ts";
import { startWorkerd, type WorkerdProcess } from "../../scripts/workerd.ts";
import type { GatewayWithoutFilter } from "./configuration.ts";
import { type RawRequestLines, type RawResponse, sendRequest } from "./raw-client.ts";
import type { Variant } from "./variants.ts";

export interface SecurityGateway {
  readonly port: number;
  readonly workerd: WorkerdProcess;
  send(request: RawRequestLines): Promise<RawResponse>;
  /** What /stats says of a service. */
  stats(service: string): Promise<ServiceStats>;
  stop(): Promise<void>;
}

interface GatewayOptions {
  /** Service bindings: name in the environment to port on 127.0.0.1. */
  readonly bindings?: Readonly<Record<string, number>>;
  /** Environment variables and secrets beside those of every test. */
  readonly text?: Readonly<Record<string, string>>;
  readonly variant?: Variant;
  readonly probeLimits?: ProbeLimits;
}

/** A gateway with this configuration on a bare workerd: nothing tidies up what clients and servers send. */
export async function startGateway(
  gateway: GatewayWithoutFilter,
  { bindings = {}, text = {}, variant, probeLimits }: GatewayOptions = {},
): Promise<SecurityGateway> {
  const services = Object.entries(gateway.services).map(
    ([name, service]) => [name, variant === undefined ? service : variant.change(service)] as const,
  );
  const bundle = await bundleWorker("test/security/gateway.ts", {
    GATEWAY: { ...gateway, services: Object.fromEntries(services) },
    PROBE_LIMITS: probeLimits ?? null,
  });
  const external = Object.entries(bindings).map(
    ([name, externalPort]) => [`external-${name}`, { externalPort }] as const,
  );
  const workerd = await startWorkerd(
    {
      gateway: {
        bundle,
        text: { EBB_DEV: "1", EBB_KEY: "a secret of the tests, which are no secret", ...text },
        services: Object.fromEntries(Object.keys(bindings).map((name) => [name, `external-${name}`])),
        objects: { SERVICE_OBJECT: "ServiceObject" },
      },
      ...Object.fromEntries(external),
    },
    ["gateway"],
  );
  const port = workerd.ports.gateway!;
  return {
    port,
    workerd,
    send: (request) => sendRequest(port, request),
    stats: async (service) => {
      const response = await fetch(`http://127.0.0.1:${port}/stats`);
      const { services: all } = (await response.json()) as { services: ServiceStats[] };
      return all.find(({ name }) => name === service)!;
    },
    stop: () => workerd.stop(),
  };
}

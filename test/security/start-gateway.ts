import type { ServiceReport } from "../../durable/directory/service-report.ts";
import type { IsolateSnapshot } from "../../durable/memory/isolate.ts";
import type { ProbeLimits } from "../../durable/outbound/outbound-calls.ts";
import { bundleWorker } from "../../scripts/bundle-worker.ts";
import { startWorkerd, type WorkerdProcess } from "../../scripts/workerd.ts";
import { COLLECT_PATH, type GatewayWithoutFilter, RESET_PATH } from "./configuration.ts";
import { type RawRequestLines, type RawResponse, sendRequest } from "./raw-client.ts";
import type { Variant } from "./variants.ts";

export interface SecurityGateway {
  readonly port: number;
  readonly workerd: WorkerdProcess;
  send(request: RawRequestLines): Promise<RawResponse>;
  /** Resets the object of a service, as a deployment does. */
  reset(service: string, reason?: string): Promise<void>;
  /** Makes V8 collect all garbage; needs `--expose-gc`. */
  collect(): Promise<void>;
  /** The figures of a service as its object has them now, and its isolate's. */
  stats(service: string): Promise<ServiceReport & { readonly isolate: IsolateSnapshot }>;
  stop(): Promise<void>;
}

interface GatewayOptions {
  /** Service bindings: name in the environment to port on 127.0.0.1. */
  readonly bindings?: Readonly<Record<string, number>>;
  /** Environment variables and secrets, in addition to those of every test. */
  readonly text?: Readonly<Record<string, string>>;
  readonly variant?: Variant;
  readonly probeLimits?: ProbeLimits;
  /** The objects' configuration if it differs from the Worker's, as while two deployments overlap. */
  readonly objects?: GatewayWithoutFilter;
  readonly v8Flags?: readonly string[];
  /** Header from which workerd takes `request.cf`, as JSON. */
  readonly cfHeader?: string;
  /** Header from which workerd takes the scheme of `request.url`. */
  readonly protoHeader?: string;
}

/** Starts a gateway on a bare workerd, where nothing in between changes the bytes of clients and servers. */
export async function startGateway(
  gateway: GatewayWithoutFilter,
  { bindings = {}, text = {}, variant, probeLimits, objects, v8Flags, cfHeader, protoHeader }: GatewayOptions = {},
): Promise<SecurityGateway> {
  const bundleOf = (configuration: GatewayWithoutFilter) => {
    const services = Object.entries(configuration.services).map(
      ([name, service]) => [name, variant === undefined ? service : variant.change(service)] as const,
    );
    return bundleWorker("test/security/gateway.ts", {
      GATEWAY: { ...configuration, services: Object.fromEntries(services) },
      PROBE_LIMITS: probeLimits ?? null,
    });
  };
  const external = Object.entries(bindings).map(
    ([name, externalPort]) => [`external-${name}`, { externalPort }] as const,
  );
  const environment = {
    text: { EBB_DEV: "1", EBB_KEY: "a secret of the tests, which are no secret", ...text },
    services: Object.fromEntries(Object.keys(bindings).map((name) => [name, `external-${name}`])),
  };
  const workerd = await startWorkerd(
    {
      gateway: {
        ...environment,
        bundle: await bundleOf(gateway),
        ...(objects === undefined
          ? { objects: { SERVICE_OBJECT: "ServiceObject" } }
          : { objectsOf: { SERVICE_OBJECT: { worker: "deployment-of-objects", className: "ServiceObject" } } }),
      },
      ...(objects === undefined
        ? {}
        : {
            "deployment-of-objects": {
              ...environment,
              bundle: await bundleOf(objects),
              objects: { SERVICE_OBJECT: "ServiceObject" },
            },
          }),
      ...Object.fromEntries(external),
    },
    ["gateway"],
    { v8Flags, cfHeader, protoHeader },
  );
  const port = workerd.ports.gateway!;
  return {
    port,
    workerd,
    send: (request) => sendRequest(port, request),
    reset: async (service, reason = "a new deployment") => {
      const query = new URLSearchParams({ service, reason });
      await fetch(`http://127.0.0.1:${port}${RESET_PATH}?${query}`);
    },
    collect: async () => void (await (await fetch(`http://127.0.0.1:${port}${COLLECT_PATH}`)).text()),
    stats: async (service) => {
      const response = await fetch(`http://127.0.0.1:${port}/stats?wake=1&samples=1`);
      const report = (await response.json()) as { services: ServiceReport[]; isolates: IsolateSnapshot[] };
      const found = report.services.find(({ name }) => name === service)!;
      return { ...found, isolate: report.isolates.find(({ isolateId }) => isolateId === found.isolateId)! };
    },
    stop: () => workerd.stop(),
  };
}

import type { ClusterInput, GatewayInput, ServiceInput } from "../../config/input.ts";

/** Values of the variables that the configuration names. */
type Variables = Readonly<Record<string, string>>;

/**
 * The configuration as the tests run it: as written, but each cluster is a service binding, so that the runner knows what a call
 * is for, and so is a handler. The servers keep their hosts, and fetches to addresses get no further than the runner (`outbound`).
 * A service that only reports enforces here, because the tests are about its decisions.
 */
export function withStandIns(gateway: GatewayInput, variables: Variables): GatewayInput {
  const names = Object.keys(gateway.services);
  const inputs = Object.values(gateway.services);
  const services = inputs.map((service, index) => {
    const { handler } = service.upstream;
    // Services with the same handler have one upstream here too.
    const first = inputs.findIndex(({ upstream }) => upstream.handler === handler);
    const upstream = handler === undefined ? service.upstream : { binding: handlerBinding(first) };
    return [names[index], { ...standIn(service, index, variables), upstream }];
  });
  return { ...gateway, services: Object.fromEntries(services) };
}

function standIn(service: ServiceInput, serviceIndex: number, variables: Variables): ServiceInput {
  const clusters = Object.entries(service.clusters ?? {}).map(([name, cluster], index) => [
    name,
    bound(cluster, clusterBinding(serviceIndex, index), variables),
  ]);
  return { ...service, enforcement: "enforce", clusters: Object.fromEntries(clusters) };
}

function bound(cluster: ClusterInput, binding: string, variables: Variables): ClusterInput {
  if (cluster.url === undefined) return { ...cluster, binding };
  const { url, ...limits } = cluster;
  const { host } = new URL(typeof url === "string" ? url : variables[url.variable]!);
  // No binding can have such a host.
  if (host.startsWith("[")) return cluster;
  return { ...limits, binding, host };
}

/** What stands for the handler of a service. */
export function handlerBinding(serviceIndex: number): string {
  return `EBB_TEST_HANDLER_${serviceIndex}`;
}

/** @param serviceIndex position among the gateway's services; the same for the cluster among the service's */
export function clusterBinding(serviceIndex: number, clusterIndex: number): string {
  return `EBB_TEST_CLUSTER_${serviceIndex}_${clusterIndex}`;
}

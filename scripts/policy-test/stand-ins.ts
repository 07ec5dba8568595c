import type { ClusterInput, GatewayInput, ServiceInput } from "../../config/input.ts";

/**
 * The configuration as the tests run it: as written, but each cluster is a service binding, so that the runner knows what a call
 * is for, and so is a handler. The servers keep their hosts, and fetches to addresses get no further than the runner (`outbound`).
 * A service that only reports enforces here, because the tests are about its decisions.
 *
 * @param environment values of the variables
 */
export function withStandIns(gateway: GatewayInput, environment: Environment): GatewayInput {
  const services = Object.entries(gateway.services).map(([name, service], index) => [
    name,
    standIn(service, index, environment),
  ]);
  return { ...gateway, services: Object.fromEntries(services) };
}

type Environment = Readonly<Record<string, string>>;

function standIn(service: ServiceInput, serviceIndex: number, environment: Environment): ServiceInput {
  const clusters = Object.entries(service.clusters ?? {}).map(([name, cluster], index) => [
    name,
    bound(cluster, clusterBinding(serviceIndex, index), environment),
  ]);
  const upstream =
    service.upstream.handler === undefined ? service.upstream : { binding: handlerBinding(serviceIndex) };
  return { ...service, enforcement: "enforce", upstream, clusters: Object.fromEntries(clusters) };
}

function bound(cluster: ClusterInput, binding: string, environment: Environment): ClusterInput {
  if (cluster.url === undefined) return { ...cluster, binding };
  const { url, ...limits } = cluster;
  const address = typeof url === "string" ? url : environment[url.variable];
  if (address === undefined) return cluster;
  const { host } = new URL(address);
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

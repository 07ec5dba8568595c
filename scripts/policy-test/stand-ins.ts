import type { ClusterInput, GatewayInput, ServiceInput } from "../../config/input.ts";
import { standIn as standInOf } from "../../config/variables.ts";

/**
 * The configuration as the tests run it: as written, but each cluster is a service binding, so that the runner knows what a call
 * is for. The servers keep their hosts, and fetches to addresses get no further than the runner (`outbound`). A service that only
 * reports enforces here, because the tests are about its decisions; a handler is an address, so that its app does not run.
 */
export function withStandIns(gateway: GatewayInput): GatewayInput {
  const handlers = Object.values(gateway.services).map(({ upstream }) => upstream.handler);
  const services = Object.entries(gateway.services).map(([name, service], index) => {
    const { handler } = service.upstream;
    // Services with one handler have one upstream.
    const address = { url: `https://handler-${handlers.indexOf(handler)}.invalid` };
    return [name, standIn(handler === undefined ? service : { ...service, upstream: address }, index)];
  });
  return { ...gateway, services: Object.fromEntries(services) };
}

function standIn(service: ServiceInput, serviceIndex: number): ServiceInput {
  const clusters = Object.entries(service.clusters ?? {}).map(([name, cluster], index) => [
    name,
    bound(cluster, clusterBinding(serviceIndex, index)),
  ]);
  return { ...service, enforcement: "enforce", clusters: Object.fromEntries(clusters) };
}

function bound(cluster: ClusterInput, binding: string): ClusterInput {
  if (cluster.url === undefined) return { ...cluster, binding };
  const { url, ...limits } = cluster;
  const { host } = new URL(typeof url === "string" ? url : standInOf(url.variable));
  // No binding can have such a host. A call to the address reaches the runner too.
  if (host.startsWith("[")) return cluster;
  return { ...limits, binding, host };
}

/** @param serviceIndex position among the gateway's services; the same for the cluster among the service's */
export function clusterBinding(serviceIndex: number, clusterIndex: number): string {
  return `EBB_TEST_CLUSTER_${serviceIndex}_${clusterIndex}`;
}

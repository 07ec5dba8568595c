import type { ClusterInput, GatewayInput, ServiceInput, UpstreamInput } from "../../config/input.ts";

/** The service bindings of this folder's wrangler.toml. */
export const UPSTREAM_BINDING = "DEMO_UPSTREAM";
export const AUTHORIZATION_BINDING = "DEMO_AUTHORIZATION";

/**
 * Returns the gateway with the demo's Workers in place of servers that cannot exist: every upstream and cluster whose host
 * ends in `.example`, which is reserved for documentation (RFC 2606). Everything else stays as configured, so a service
 * reaches real servers in the demo too.
 */
export function joinDemo(gateway: GatewayInput): GatewayInput {
  return { ...gateway, services: mapValues(gateway.services, joinService) };
}

function joinService(service: ServiceInput): ServiceInput {
  const upstream = joinUpstream(service.upstream);
  return service.clusters === undefined
    ? { ...service, upstream }
    : { ...service, upstream, clusters: mapValues(service.clusters, joinCluster) };
}

function joinUpstream(upstream: UpstreamInput): UpstreamInput {
  return exampleHost(upstream.url) === undefined ? upstream : { binding: UPSTREAM_BINDING };
}

function joinCluster(cluster: ClusterInput): ClusterInput {
  const host = exampleHost(cluster.url);
  if (host === undefined) return cluster;
  const { url: _, ...limits } = cluster;
  return { ...limits, binding: AUTHORIZATION_BINDING, host };
}

/** The host of a URL that cannot exist; undefined for real hosts, for variables, and for invalid URLs, which validation reports. */
function exampleHost(url: ClusterInput["url"]): string | undefined {
  const parsed = typeof url === "string" ? URL.parse(url) : null;
  return parsed !== null && /(^|\.)example\.?$/.test(parsed.hostname) ? parsed.host : undefined;
}

function mapValues<Value>(
  record: Readonly<Record<string, Value>>,
  change: (value: Value) => Value,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}

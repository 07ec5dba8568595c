import { GRPC_FUNCTION_NAMES, PROXY_MODULE } from "../../wasm/host/function-catalog.ts";
import type { ModuleInspection } from "../../wasm/host/index.ts";
import { safeText } from "./text.ts";

/** Warns of a filter that may call by gRPC: one line that begins with `warning: gRPC`. */
export function grpcWarnings(whose: string, { unimplemented }: ModuleInspection["imports"]): string[] {
  const names = GRPC_FUNCTION_NAMES.filter((name) => unimplemented.includes(`${PROXY_MODULE}.${name}`));
  if (names.length === 0) return [];
  const what = `${whose} imports ${names.join(", ")}, which answer UNIMPLEMENTED here`;
  return [`warning: gRPC: ${what}: if it continues after a failed call, it lets every request pass`];
}

/** Warns of functions that a filter imports and this gateway does not know. */
export function functionWarnings(whose: string, { unknown }: ModuleInspection["imports"]): string[] {
  const names = unknown.filter((name) => name.startsWith(`${PROXY_MODULE}.`));
  if (names.length === 0) return [];
  const what = `${whose} imports ${safeText(names.join(", "))}, which this gateway does not have`;
  return [`warning: functions: ${what}: a call answers UNIMPLEMENTED, and the filter may let every request pass`];
}

/** Warns of clusters that a filter called and a service lacks. */
export function clusterWarnings(service: string, unknownClusters: ReadonlySet<string>): string[] {
  return [...unknownClusters].map(
    (name) =>
      `warning: clusters: ${service}: its filter calls ${safeText(JSON.stringify(name))} when it starts, and services.${service}.clusters has none of that name: the call fails, and the filter may let every request pass`,
  );
}

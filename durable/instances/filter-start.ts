import { filterConfiguration, type Service } from "../../config/index.ts";
import {
  FilterInstance,
  FilterStartError,
  type FilterStartReason,
  type HostServices,
  type MemoryWatch,
} from "../../wasm/host/index.ts";
import type { Unavailable } from "../rpc.ts";

/** A filter that will not start. */
export interface FailedStart {
  readonly reason: Extract<Unavailable["reason"], "filter_start_failed" | "secret_missing">;
  /** What the filter did wrong; undefined where it is not its fault. */
  readonly filterReason: FilterStartReason | undefined;
  readonly message: string;
}

export type FilterStart =
  | { readonly ok: true; readonly instance: FilterInstance }
  | ({ readonly ok: false } & FailedStart);

/** Everything of the service that an instance needs and that outlives it. */
export interface FilterDependencies {
  readonly service: Service;
  readonly host: HostServices;
  /** 128-bit key of the cache's digests, hexadecimal. */
  readonly digestKey: string;
  readonly secrets: (name: string) => string | undefined;
}

/** Starts a fresh instance from the already compiled module. A filter that will not start is a value, not a crash. */
export function startFilter(
  { service, host, digestKey, secrets }: FilterDependencies,
  memoryWatch: MemoryWatch,
): FilterStart {
  const configuration = filterConfiguration(service, { digestKey, secrets });
  if (!configuration.ok) {
    const message = `secret ${configuration.missingSecret} is not set: wrangler secret put ${configuration.missingSecret}`;
    return { ok: false, reason: "secret_missing", filterReason: undefined, message };
  }
  try {
    const instance = FilterInstance.start(service.filter, host, {
      vmId: service.name,
      rootId: configuration.rootId,
      pluginName: service.name,
      vmConfiguration: configuration.vm,
      pluginConfiguration: configuration.plugin,
      memoryWatch,
    });
    return { ok: true, instance };
  } catch (error) {
    const filterReason = error instanceof FilterStartError ? error.reason : undefined;
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, reason: "filter_start_failed", filterReason, message };
  }
}

import { howToSetSecret } from "../../config/how-to-set-secret.ts";
import { filterConfiguration, type Service } from "../../config/index.ts";
import {
  FilterStartError,
  type FilterStartReason,
  type HostServices,
  type StartOptions,
} from "../../wasm/host/index.ts";
import type { Unavailable } from "../rpc.ts";

/** Why a filter did not start. */
export interface FailedStart {
  readonly reason: Extract<Unavailable["reason"], "filter_start_failed" | "secret_missing">;
  /** What the filter did wrong; undefined if it is not its fault. */
  readonly filterReason: FilterStartReason | undefined;
  readonly message: string;
}

/** Everything an instance needs from the service and that outlives the instance. */
export interface FilterDependencies {
  readonly service: Service;
  readonly host: HostServices;
  /** 128-bit key of the cache's digests, hexadecimal. */
  readonly digestKey: string;
  readonly secrets: (name: string) => string | undefined;
  readonly isDevelopment?: boolean;
}

/**
 * Starts an instance with the service's configuration. A filter that does not start is a value, not an error.
 * @param start may throw FilterStartError
 */
export function startFilter<Started>(
  { service, digestKey, secrets, isDevelopment = false }: FilterDependencies,
  start: (options: StartOptions) => Started,
): { readonly ok: true; readonly started: Started } | ({ readonly ok: false } & FailedStart) {
  const configuration = filterConfiguration(service, { digestKey, secrets });
  if (!configuration.ok) {
    const { missingSecret } = configuration;
    const message = `secret ${missingSecret} is not set: ${howToSetSecret(missingSecret, isDevelopment)}`;
    return { ok: false, reason: "secret_missing", filterReason: undefined, message };
  }
  try {
    const started = start({
      vmId: service.name,
      rootId: configuration.rootId,
      pluginName: service.name,
      vmConfiguration: configuration.vm,
      pluginConfiguration: configuration.plugin,
      properties: propertiesOf(service),
    });
    return { ok: true, started };
  } catch (error) {
    const filterReason = error instanceof FilterStartError ? error.reason : undefined;
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, reason: "filter_start_failed", filterReason, message };
  }
}

function propertiesOf({ filterKind }: Service): StartOptions["properties"] {
  return filterKind.kind === "other" ? new Map(Object.entries(filterKind.properties)) : undefined;
}

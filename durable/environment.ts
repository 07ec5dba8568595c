import type { ServiceRpc } from "./service-rpc.ts";

/** What the platform binds into the Worker and its objects: one place that knows the environment's names. */
export interface Env {
  readonly SERVICE_OBJECT: DurableObjectNamespace<ServiceRpc>;
  /** `"1"` only under `npm start`: opens the operator's pages without a token. */
  readonly EBB_DEV?: string;
  /** Which version of the Worker runs, if wrangler.toml has the binding: `[version_metadata]`. */
  readonly CF_VERSION_METADATA?: WorkerVersionMetadata;
  /** Service bindings and secrets that gateway.config.ts names. */
  readonly [name: string]: unknown;
}

/** The service binding called `name`, or undefined where the environment has none. */
export function serviceBinding(env: Env, name: string): Fetcher | undefined {
  const binding = env[name];
  return isFetcher(binding) ? binding : undefined;
}

/** The secret called `name`; an empty one counts as missing, so that a forgotten value never becomes a password. */
export function secretNamed(env: Env, name: string): string | undefined {
  const value = env[name];
  return typeof value === "string" && value.length > 0 ? value : undefined;
}

/** The version of the Worker that runs, or undefined where the environment does not tell it. */
export function workerVersion(env: Env): string | undefined {
  const id: unknown = env.CF_VERSION_METADATA?.id;
  return typeof id === "string" && id.length > 0 ? id : undefined;
}

function isFetcher(value: unknown): value is Fetcher {
  return typeof value === "object" && value !== null && "fetch" in value && typeof value.fetch === "function";
}

import { howToSetSecret } from "../config/how-to-set-secret.ts";
import type { Gateway } from "../config/index.ts";
import { missingBinding, type NeededBinding, neededBindings, SERVICE_OBJECT } from "../config/needed-bindings.ts";
import { DIRECTORY } from "./directory/directory-rpc.ts";
import type { ServiceRpc } from "./service-rpc.ts";

/** Bindings of the Worker and its objects. The environment's names appear only here. */
export interface Env {
  readonly SERVICE_OBJECT: DurableObjectNamespace<ServiceRpc>;
  /** `"1"` only under `npm start`: opens the operator's pages without a token. */
  readonly EBB_DEV?: string;
  /** Version of the running Worker, if wrangler.toml has the binding `[version_metadata]`. */
  readonly CF_VERSION_METADATA?: WorkerVersionMetadata;
  /** Service bindings and secrets that gateway.config.ts names. */
  readonly [name: string]: unknown;
}

/** A binding that the Worker cannot work without is not in its environment. */
export class BindingMissing extends Error {
  override readonly name = "BindingMissing";
}

/** @throws BindingMissing with the lines that add it */
export function serviceObject(env: Env, service: string): DurableObjectStub<ServiceRpc> {
  const objects: Partial<Env["SERVICE_OBJECT"]> | undefined = env.SERVICE_OBJECT;
  if (typeof objects?.getByName !== "function") throw new BindingMissing(missingBinding(SERVICE_OBJECT));
  return objects.getByName(service);
}

/** The object that has the last figures of all services. */
export function directoryObject(env: Env): DurableObjectStub<ServiceRpc> {
  return serviceObject(env, DIRECTORY);
}

/** What the configuration names and the environment lacks, one text with the way out for each. */
export function missingBindings(gateway: Gateway, env: Env): string[] {
  return neededBindings(gateway)
    .filter((binding) => !hasBinding(env, binding))
    .map((binding) => missingBinding(binding));
}

/** The method by which each kind of binding is used. */
const METHODS = {
  "durable-object": "getByName",
  service: "fetch",
  "rate-limit": "limit",
  "analytics-engine": "writeDataPoint",
} as const;

function hasBinding(env: Env, { kind, name }: NeededBinding): boolean {
  const value = env[name];
  const method = METHODS[kind];
  return typeof value === "object" && value !== null && typeof Reflect.get(value, method) === "function";
}

/** The service binding called `name`; undefined if there is none. */
export function serviceBinding(env: Env, name: string): Fetcher | undefined {
  const binding = env[name];
  if (typeof binding === "object" && binding !== null && knownFetchers.has(binding)) return binding as Fetcher;
  if (!isFetcher(binding)) return undefined;
  knownFetchers.add(binding);
  return binding;
}

/** A binding answers to any property, by a call into the platform, so it is looked at once. */
const knownFetchers = new WeakSet<object>();

/** The Analytics Engine binding that the configuration names; undefined if it names none, or the binding is missing. */
export function analyticsDataset({ analytics }: Gateway, env: Env): AnalyticsEngineDataset | undefined {
  if (analytics === undefined) return undefined;
  const { binding } = analytics;
  return hasBinding(env, { kind: "analytics-engine", name: binding })
    ? (env[binding] as AnalyticsEngineDataset)
    : undefined;
}

/** The secret called `name`. An empty one counts as missing, so that a forgotten value never becomes a password. */
export function secretNamed(env: Env, name: string): string | undefined {
  const value = env[name];
  return typeof value === "string" && value.length > 0 ? value : undefined;
}

/** Under `npm start` and `wrangler dev`, if `.dev.vars` says so. */
export function isDevelopment(env: Env): boolean {
  return env.EBB_DEV === "1";
}

/** For the log: a secret that is needed and not set. */
export function secretMissing(env: Env, name: string): string {
  return `secret ${name} is not set: ${howToSetSecret(name, isDevelopment(env))}`;
}

/** Version of the running Worker; undefined if the environment does not contain it. */
export function workerVersion(env: Env): string | undefined {
  const id: unknown = env.CF_VERSION_METADATA?.id;
  return typeof id === "string" && id.length > 0 ? id : undefined;
}

function isFetcher(value: unknown): value is Fetcher {
  return typeof value === "object" && value !== null && "fetch" in value && typeof value.fetch === "function";
}

import { WorkerEntrypoint } from "cloudflare:workers";
import { isConnectionHeader } from "../../config/header-names.ts";
import type { Cluster, Gateway } from "../../config/index.ts";
import { type Env, serviceBinding } from "../environment.ts";
import type { Send } from "./send-call.ts";

/** The authorization server of a call, by its names in the configuration. */
export interface CallTarget {
  readonly service: string;
  readonly cluster: string;
}

/**
 * Sends one call to an authorization server, in an invocation of its own. Workers lets six connections of one invocation wait for
 * response headers, and all calls of an object are one invocation.
 *
 * The target is a name, never a URL, so whoever binds this entrypoint reaches the configured authorization servers and nothing
 * else. Only the request's path and query count.
 */
export class AuthorizationCalls extends WorkerEntrypoint<Env, CallTarget> {
  readonly #gateway: Gateway;

  constructor(ctx: ExecutionContext<CallTarget>, env: Env, gateway: Gateway) {
    super(ctx, env);
    this.#gateway = gateway;
  }

  /** @throws Error if the configuration has no such cluster, or its binding is missing */
  override async fetch(request: Request): Promise<Response> {
    const { service, cluster } = this.ctx.props ?? {};
    const services = this.#gateway.services.filter(({ name }) => name === service);
    const clusters = services[0]?.clusters ?? {};
    if (typeof cluster !== "string" || !Object.hasOwn(clusters, cluster)) {
      const named = `cluster ${JSON.stringify(cluster)} of service ${JSON.stringify(service)}`;
      throw new Error(
        `AuthorizationCalls: the configuration has no ${named}; name one with props: { service, cluster }`,
      );
    }
    return this.#send(clusters[cluster]!, request);
  }

  async #send(cluster: Cluster, request: Request): Promise<Response> {
    const { method, signal } = request;
    const { pathname, search } = new URL(request.url);
    const base = "url" in cluster ? cluster.url : `https://${cluster.authority}`;
    const headers = new Headers(request.headers);
    // `Upgrade` would make `fetch` send GET, whatever the method.
    for (const [name] of request.headers) if (isConnectionHeader(name)) headers.delete(name);
    // Read, so that it is sent with its length.
    const body = await request.arrayBuffer();
    const sent = new Request(`${base}${pathname}${search}`, {
      method,
      headers,
      body: body.byteLength === 0 ? null : body,
      signal,
      redirect: "manual",
      cache: "no-store",
    });
    if ("url" in cluster) return fetch(sent);
    const binding = serviceBinding(this.env, cluster.binding);
    if (binding === undefined) throw new Error(`AuthorizationCalls: the service binding ${cluster.binding} is missing`);
    return binding.fetch(sent);
  }
}

/** The entrypoint under the name by which a Worker's entry exports it. */
interface Entrypoints {
  readonly AuthorizationCalls: (options: { readonly props: CallTarget }) => Fetcher;
}

export const WITHOUT_ENTRYPOINT =
  "all calls of a service to authorization servers share six connections. Each has its own if the Worker's entry " +
  "also says: export const AuthorizationCalls = gateway.AuthorizationCalls;";

/** @param exports of the Worker's entry (`ctx.exports`); undefined before compatibility date 2025-11-17 */
export function hasEntrypoint(exports: unknown): exports is Entrypoints {
  return typeof exports === "object" && exports !== null && "AuthorizationCalls" in exports;
}

/** Sends each call in an invocation of its own. */
export function throughEntrypoint({ AuthorizationCalls }: Entrypoints, target: CallTarget): Send {
  const calls = AuthorizationCalls({ props: target });
  return (request) => calls.fetch(request);
}

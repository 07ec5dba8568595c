import { WorkerEntrypoint } from "cloudflare:workers";
import { isConnectionHeader } from "../../config/header-names.ts";
import type { Cluster, Gateway } from "../../config/index.ts";
import { missingBinding } from "../../config/needed-bindings.ts";
import { HOST_LIMITS } from "../../wasm/host/index.ts";
import { type Env, serviceBinding } from "../environment.ts";
import { boundedBody } from "./bounded-body.ts";
import { refusedCall } from "./refused-call.ts";
import type { Send } from "./send-call.ts";

/**
 * Other Workers of the account can send any request, and it must not fill the isolate. An object's own calls are shorter
 * (`HOST_LIMITS.callHeadBytes`); the runtime joins their lines and adds some.
 */
const MAX_HEAD_BYTES = 4 * HOST_LIMITS.callHeadBytes;

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

  /** @throws Error (refused-call.ts) if the configuration has no such cluster, its binding is missing, or the call is too large */
  override async fetch(request: Request): Promise<Response> {
    const { fault } = this.#gateway;
    if (fault !== undefined) throw refusedCall(fault);
    const { service, cluster } = this.ctx.props ?? {};
    const services = this.#gateway.services.filter(({ name }) => name === service);
    const clusters = services[0]?.clusters ?? {};
    if (typeof cluster !== "string" || !Object.hasOwn(clusters, cluster)) {
      const named = `cluster ${JSON.stringify(cluster)} of service ${JSON.stringify(service)}`;
      throw refusedCall(`the configuration has no ${named}; name one with props: { service, cluster }`);
    }
    return this.#send(clusters[cluster]!, request);
  }

  async #send(cluster: Cluster, request: Request): Promise<Response> {
    const { method, signal } = request;
    const target = targetOf(request.url);
    const base = "url" in cluster ? cluster.url : `https://${cluster.authority}`;
    const headers = new Headers(request.headers);
    let headBytes = target.length;
    for (const [name, value] of request.headers) {
      headBytes += name.length + value.length;
      // `Upgrade` would make `fetch` send GET, whatever the method.
      if (isConnectionHeader(name)) headers.delete(name);
    }
    if (headBytes > MAX_HEAD_BYTES) throw refusedCall(`its head has more than ${MAX_HEAD_BYTES} bytes`);
    // Read, so that it is sent with its length.
    const body = await boundedBody(request, HOST_LIMITS.callBodyBytes);
    if (body === undefined) throw refusedCall(`its body has more than ${HOST_LIMITS.callBodyBytes} bytes`);
    const sent = new Request(base + target, {
      method,
      headers,
      body: body.byteLength === 0 ? null : body,
      signal,
      redirect: "manual",
      cache: "no-store",
    });
    if ("url" in cluster) return fetch(sent);
    const binding = serviceBinding(this.env, cluster.binding);
    if (binding === undefined) throw refusedCall(missingBinding({ kind: "service", name: cluster.binding }));
    return binding.fetch(sent);
  }
}

/** Path and query, beginning with a slash. `search` would lose the question mark of an empty query. */
function targetOf(url: string): string {
  const [href = ""] = new URL(url).href.split("#", 1);
  return href.slice(href.indexOf("/", href.indexOf("//") + 2));
}

/** The entrypoint under the name by which a Worker's entry exports it. */
interface Entrypoints {
  readonly AuthorizationCalls: (options: { readonly props: CallTarget }) => Fetcher;
}

/** @param exports of the Worker's entry (`ctx.exports`); undefined before compatibility date 2025-11-17 */
export function hasEntrypoint(exports: unknown): exports is Entrypoints {
  return typeof exports === "object" && exports !== null && "AuthorizationCalls" in exports;
}

/** What a Worker lacks whose calls have no connections of their own, for its log. */
export function howToGetEntrypoint(exports: unknown): string {
  const date = exports === undefined ? " and, in wrangler.toml, a compatibility_date of 2025-11-17 or later" : "";
  return (
    "all calls of a service to authorization servers share six connections. For connections of their own they need, in the " +
    `Worker's entry: export const AuthorizationCalls = gateway.AuthorizationCalls;${date}`
  );
}

/** Sends each call in an invocation of its own. */
export function throughEntrypoint({ AuthorizationCalls }: Entrypoints, target: CallTarget): Send {
  const calls = AuthorizationCalls({ props: target });
  return (request) => calls.fetch(request);
}

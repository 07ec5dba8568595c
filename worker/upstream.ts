import type { Service } from "../config/index.ts";
import { type Env, serviceBinding } from "../durable/environment.ts";
import type { HeaderChange } from "../wasm/host/index.ts";
import { upstreamHeaders } from "./hygiene.ts";
import { refuse } from "./replies.ts";
import type { Target } from "./route.ts";

/** A client's request on its way. */
export interface Incoming {
  readonly request: Request;
  readonly env: Env;
  readonly service: Service;
  readonly target: Target;
}

/** What the upstream answered, or the gateway's own reply in its place. */
export type UpstreamResult =
  | { readonly ok: true; readonly response: Response }
  | { readonly ok: false; readonly reply: Response };

export async function responseOf(sending: Promise<UpstreamResult>): Promise<Response> {
  const sent = await sending;
  return sent.ok ? sent.response : sent.reply;
}

/**
 * Sends a request that may pass.
 *
 * @param body the client's, or what the filter made of it
 * @throws TypeError if the filter set a header that no request can have
 */
export async function sendUpstream(
  { request, env, service, target }: Incoming,
  changes: readonly HeaderChange[],
  body: BodyInit | null,
  signal?: AbortSignal,
): Promise<UpstreamResult> {
  const upstream = upstreamOf(env, service, target);
  if (upstream === undefined) {
    console.error(`${service.name}: the upstream's service binding does not exist in this environment`);
    return { ok: false, reply: refuse(503, "upstream_binding_missing") };
  }
  const headers = upstreamHeaders(request.headers, {
    identityHeaders: service.identityHeaders,
    changes,
    clientIp: clientAddress(request),
    host: target.host,
    proto: target.scheme,
    websocket: request.headers.get("upgrade")?.toLowerCase() === "websocket",
  });
  // The length the client gave is that of its own body.
  if (body !== request.body) headers.delete("content-length");
  const path = changed(changes, ":path") ?? pathForUpstream(service, target);
  const method = changed(changes, ":method") ?? request.method;
  try {
    const init = { method, headers, body, redirect: "manual" } as const;
    const url = `${upstream.baseUrl}${path}`;
    return { ok: true, response: await upstream.send(url, signal === undefined ? init : { ...init, signal }) };
  } catch (error) {
    console.error(`${service.name}: upstream: ${String(error)}`);
    return { ok: false, reply: refuse(502, "upstream_unreachable") };
  }
}

interface Upstream {
  /** Origin, and path prefix where the upstream has one; without a trailing slash. */
  readonly baseUrl: string;
  readonly send: (url: string, init: RequestInit) => Promise<Response>;
}

function upstreamOf(env: Env, service: Service, target: Target): Upstream | undefined {
  if ("url" in service.upstream) {
    return { baseUrl: service.upstream.url, send: (url, init) => fetch(url, init) };
  }
  const binding = serviceBinding(env, service.upstream.binding);
  // A bound Worker has no address of its own: it is shown the one the client asked for.
  return binding && { baseUrl: `${target.scheme}://${target.host}`, send: (url, init) => binding.fetch(url, init) };
}

function pathForUpstream(service: Service, target: Target): string {
  const { prefix, stripPrefix } = service.route;
  const path = stripPrefix && prefix !== "/" ? target.path.slice(prefix.length) || "/" : target.path;
  return path + target.query;
}

/** The value a filter gave to a pseudo header, by which it rewrites the request. */
function changed(changes: readonly HeaderChange[], name: string): string | undefined {
  return changes.find((change) => change.name === name)?.values[0];
}

/** Set by Cloudflare's edge, which overwrites whatever a client sends under this name. */
export function clientAddress(request: Request): string {
  return request.headers.get("cf-connecting-ip") ?? "";
}

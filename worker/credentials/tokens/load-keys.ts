import type { JSONWebKeySet } from "jose";
import type { Cluster, Issuer } from "../../../config/index.ts";
import { missingBinding } from "../../../config/needed-bindings.ts";
import { type Env, serviceBinding } from "../../../durable/environment.ts";
import { boundedBody } from "../../../durable/outbound/bounded-body.ts";

export const LOAD_LIMITS = {
  bodyBytes: 512 * 1024,
  keys: 200,
  /** For discovery, each document; a cluster has its own, up to a limit: the platform ends what a request began after 30 s. */
  timeoutMs: 5_000,
  maxTimeoutMs: 25_000,
} as const;

/**
 * Fetches the public keys of an issuer: from its cluster, or from where its own metadata say.
 * @throws Error that says what is wrong, for the log
 */
export async function loadKeys(
  { issuer, keys }: Issuer,
  clusters: Readonly<Record<string, Cluster>>,
  env: Env,
): Promise<JSONWebKeySet> {
  if (keys.from === "cluster") return keySetIn(await fromCluster(clusters[keys.cluster]!, keys.path, env), keys.path);
  const uri = await discoveredUri(issuer);
  return keySetIn(await fromInternet(uri), uri);
}

/** Below the issuer's address: OpenID Connect Discovery 4, or else RFC 8414 3, which puts the path of the issuer last. */
async function discoveredUri(issuer: string): Promise<string> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  const openid = `${origin}${path}/.well-known/openid-configuration`;
  const metadata = await fromInternet(openid).catch(async (error: unknown) => {
    const oauth = `${origin}/.well-known/oauth-authorization-server${path}`;
    return fromInternet(oauth).catch(() => {
      throw error;
    });
  });
  const { issuer: named, jwks_uri: uri } = metadata as { issuer?: unknown; jwks_uri?: unknown };
  if (named !== issuer) {
    throw new Error(`the metadata are of the issuer ${JSON.stringify(named)}, not of ${JSON.stringify(issuer)}`);
  }
  if (typeof uri !== "string" || !isTrusted(uri, issuer)) throw new Error("the metadata's jwks_uri is no https URL");
  return uri;
}

/** Any https host; and without encryption only the issuer's own, if that is configured without. */
function isTrusted(uri: string, issuer: string): boolean {
  const parsed = URL.parse(uri);
  if (parsed === null || parsed.username !== "" || parsed.password !== "") return false;
  return parsed.protocol === "https:" || (parsed.protocol === "http:" && parsed.origin === new URL(issuer).origin);
}

function fromInternet(url: string): Promise<object> {
  return jsonFrom(url, (request) => fetch(request), LOAD_LIMITS.timeoutMs);
}

async function fromCluster(cluster: Cluster, path: string, env: Env): Promise<object> {
  const timeoutMs = Math.min(cluster.timeoutMs, LOAD_LIMITS.maxTimeoutMs);
  if ("url" in cluster) return jsonFrom(cluster.url + path, (request) => fetch(request), timeoutMs);
  const binding = serviceBinding(env, cluster.binding);
  if (binding === undefined) throw new Error(missingBinding({ kind: "service", name: cluster.binding }));
  return jsonFrom(`https://${cluster.authority}${path}`, (request) => binding.fetch(request), timeoutMs);
}

async function jsonFrom(
  url: string,
  send: (request: Request) => Promise<Response>,
  timeoutMs: number,
): Promise<object> {
  const signal = AbortSignal.timeout(timeoutMs);
  const request = new Request(url, { headers: { accept: "application/json" }, redirect: "manual", signal });
  const response = await send(request).catch((error: unknown) => {
    throw new Error(`${url} does not answer: ${nameOf(error)}`);
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`${url} answers ${response.status}`);
  }
  const body = await boundedBody(response, LOAD_LIMITS.bodyBytes).catch((error: unknown) => {
    throw new Error(`${url} does not answer to the end: ${nameOf(error)}`);
  });
  if (body === undefined) throw new Error(`${url} answers more than ${LOAD_LIMITS.bodyBytes} bytes`);
  const value = parsed(body);
  if (typeof value !== "object" || value === null) throw new Error(`${url} answers no JSON object`);
  return value;
}

/** Messages of errors can hold more than a log should. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "error";
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body));
  } catch {
    return undefined;
  }
}

function keySetIn(value: object, place: string): JSONWebKeySet {
  const { keys } = value as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error(`${place} answers no key set`);
  if (keys.length > LOAD_LIMITS.keys) throw new Error(`${place} has more than ${LOAD_LIMITS.keys} keys`);
  // One odd member must not make all others useless.
  const objects = keys.filter((key) => typeof key === "object" && key !== null && !Array.isArray(key));
  if (objects.length === 0) throw new Error(`${place} has no keys`);
  return { keys: objects };
}

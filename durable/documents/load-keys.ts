import type { JSONWebKeySet } from "jose";
import type { Cluster, Issuer } from "../../config/index.ts";
import { missingBinding } from "../../config/needed-bindings.ts";
import { type Env, serviceBinding } from "../environment.ts";
import { DOCUMENT_LIMITS, jsonFrom } from "./fetch-document.ts";

const MAX_KEYS = 200;

/**
 * Fetches the public keys of an issuer: from its cluster, or from where its own metadata say.
 * @throws Error that says what is wrong, for the log
 */
export async function loadKeys(
  { issuer, keys }: Pick<Issuer, "issuer" | "keys">,
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
  return jsonFrom(url, (request) => fetch(request), DOCUMENT_LIMITS.timeoutMs);
}

async function fromCluster(cluster: Cluster, path: string, env: Env): Promise<object> {
  const timeoutMs = Math.min(cluster.timeoutMs, DOCUMENT_LIMITS.maxTimeoutMs);
  if ("url" in cluster) return jsonFrom(cluster.url + path, (request) => fetch(request), timeoutMs);
  const binding = serviceBinding(env, cluster.binding);
  if (binding === undefined) throw new Error(missingBinding({ kind: "service", name: cluster.binding }));
  return jsonFrom(`https://${cluster.authority}${path}`, (request) => binding.fetch(request), timeoutMs);
}

function keySetIn(value: object, place: string): JSONWebKeySet {
  const { keys } = value as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error(`${place} answers no key set`);
  if (keys.length > MAX_KEYS) throw new Error(`${place} has more than ${MAX_KEYS} keys`);
  // One odd member must not make all others useless.
  const objects = keys.filter((key) => typeof key === "object" && key !== null && !Array.isArray(key));
  if (objects.length === 0) throw new Error(`${place} has no keys`);
  return { keys: objects };
}

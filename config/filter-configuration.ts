import type { Authorization, ClientAuthentication, Cluster, FilterKind, Service } from "./gateway.ts";
import type { Json, Secret } from "./input.ts";
import { AUTHENTICATE_RULE } from "./match-rule.ts";
import { isPlainObject } from "./schema/fields.ts";

/** What the configuration of an instance needs beside the gateway's. */
export interface FilterEnvironment {
  /** 128-bit key of the cache's digests, 32 hexadecimal digits. */
  readonly digestKey: string;
  /** The environment: a secret's value by its name. Empty counts as missing. */
  readonly secrets: (name: string) => string | undefined;
}

export type FilterConfiguration =
  | { readonly ok: true; readonly plugin: Uint8Array; readonly vm: Uint8Array; readonly rootId: string }
  | { readonly ok: false; readonly missingSecret: string };

/**
 * What a service's filter is started with, its secrets filled in. The plugin configuration is for the built-in filter JSON
 * that names the protocol, the credentials, the cache and the rules; for any other filter its own text or JSON.
 */
export function filterConfiguration(service: Service, environment: FilterEnvironment): FilterConfiguration {
  const { filterKind } = service;
  const ofFilter =
    filterKind.kind === "other"
      ? { plugin: filterKind.configuration, vm: filterKind.vmConfiguration, rootId: filterKind.rootId }
      : { plugin: builtIn(service, filterKind, environment), vm: "", rootId: "" };
  const plugin = fillIn(ofFilter.plugin, environment.secrets);
  if (!plugin.ok) return plugin;
  const vm = fillIn(ofFilter.vm, environment.secrets);
  if (!vm.ok) return vm;
  return { ok: true, plugin: bytesOf(plugin.value), vm: bytesOf(vm.value), rootId: ofFilter.rootId };
}

/** Text as it is, anything else as JSON. */
function bytesOf(value: Json): Uint8Array {
  return new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
}

function builtIn(
  service: Service,
  { authorization, credentials, cache, failOpen }: Extract<FilterKind, { kind: "built-in" }>,
  { digestKey }: FilterEnvironment,
): Json {
  // Whether decisions are stored is the host's affair.
  const { persist: _, ...ofFilter } = cache;
  return {
    service: service.name,
    configVersion: service.version,
    digestKey,
    realm: service.name,
    credentials,
    protocol: protocolOf(authorization, service.clusters),
    cache: ofFilter,
    rules: rulesOf(service),
    failOpen,
  };
}

/**
 * Rules that ask for something, and the one that asks for nothing: the gateway always names a rule, so that a request
 * whose rule got lost is refused rather than let through without its scopes.
 */
function rulesOf(service: Service): Json[] {
  const rules: Json[] = [{ name: AUTHENTICATE_RULE, scopes: [] }];
  for (const { name, access } of service.rules) {
    if (access.kind === "public" || name === AUTHENTICATE_RULE) continue;
    const { scopes, permission } = access;
    rules.push(permission === undefined ? { name, scopes } : { name, scopes, permission });
  }
  return rules;
}

function protocolOf(authorization: Authorization, clusters: Service["clusters"]): Json {
  switch (authorization.protocol) {
    case "forward-auth": {
      const { protocol, method, uri, requestHeaders, upstreamHeaders } = authorization;
      return { type: protocol, ...callOf(authorization, clusters), method, uri, requestHeaders, upstreamHeaders };
    }
    case "introspection": {
      const { protocol, clientAuthentication, upstreamClaims } = authorization;
      // Only the token is sent, so nothing of the request may be part of the key: each path would be asked about anew.
      return {
        type: protocol,
        ...callOf(authorization, clusters),
        uri: "none",
        requestHeaders: [],
        clientAuthentication: clientAuthenticationOf(clientAuthentication),
        upstreamClaims,
      };
    }
    case "authzen":
    case "opa": {
      const { protocol, uri, requestHeaders, upstreamHeaders, headers, subject } = authorization;
      const decision = {
        type: protocol,
        ...callOf(authorization, clusters),
        uri,
        requestHeaders,
        upstreamHeaders,
        headers,
      };
      if (subject === undefined) return decision;
      const clientAuthentication = clientAuthenticationOf(subject.clientAuthentication);
      return { ...decision, subject: { ...callOf(subject, clusters), clientAuthentication } };
    }
  }
}

function callOf({ cluster, path }: { cluster: string; path: string }, clusters: Readonly<Record<string, Cluster>>) {
  const target = clusters[cluster];
  if (target === undefined)
    throw new Error(`the cross-checks let through the unknown cluster ${JSON.stringify(cluster)}`);
  return { cluster, authority: target.authority, path, timeoutMs: target.timeoutMs };
}

function clientAuthenticationOf(authentication: ClientAuthentication): Json {
  return { ...authentication };
}

type Filled = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly missingSecret: string };

/** Replaces every `{ secret: "NAME" }` by the value of that name; the first that has none is reported. */
function fillIn(value: Json, secrets: FilterEnvironment["secrets"]): Filled {
  if (isSecret(value)) {
    const found = secrets(value.secret);
    return found === undefined || found === ""
      ? { ok: false, missingSecret: value.secret }
      : { ok: true, value: found };
  }
  if (Array.isArray(value)) {
    const items: Json[] = [];
    for (const item of value) {
      const filled = fillIn(item, secrets);
      if (!filled.ok) return filled;
      items.push(filled.value);
    }
    return { ok: true, value: items };
  }
  if (!isPlainObject(value)) return { ok: true, value };
  const entries: [string, Json][] = [];
  for (const [key, inner] of Object.entries(value)) {
    const filled = fillIn(inner, secrets);
    if (!filled.ok) return filled;
    entries.push([key, filled.value]);
  }
  return { ok: true, value: Object.fromEntries(entries) };
}

/** An object with a text `secret` and nothing else; a `secret` field among others is an ordinary field. */
function isSecret(value: Json): value is Secret {
  return isPlainObject(value) && typeof value.secret === "string" && Object.keys(value).length === 1;
}

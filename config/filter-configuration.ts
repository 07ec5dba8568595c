import type { Authorization, ClientAuthentication, Cluster, Expectation, FilterKind, Service } from "./gateway.ts";
import type { Json, Secret } from "./input.ts";
import { AUTHENTICATE_RULE } from "./match-rule.ts";
import { isPlainObject } from "./schema/fields.ts";

/** Input of an instance's configuration besides the gateway's. */
export interface FilterEnvironment {
  /** 128-bit key of the cache's digests, 32 hexadecimal digits. */
  readonly digestKey: string;
  /** Returns a secret's value by its name. Empty counts as missing. */
  readonly secrets: (name: string) => string | undefined;
}

export type FilterConfiguration =
  | { readonly ok: true; readonly plugin: Uint8Array; readonly vm: Uint8Array; readonly rootId: string }
  | { readonly ok: false; readonly missingSecret: string };

/**
 * The configuration that a service's filter starts with, secrets filled in. The built-in filter's plugin configuration is
 * JSON with the protocol, the credentials, the cache and the rules; any other filter has its own text or JSON.
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

/** Text unchanged, anything else as JSON. */
function bytesOf(value: Json): Uint8Array {
  return new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
}

function builtIn(
  service: Service,
  { authorization, credentials, cache, failOpen }: Extract<FilterKind, { kind: "built-in" }>,
  { digestKey }: FilterEnvironment,
): Json {
  // The host persists decisions, not the filter.
  const { persist: _, edgeTtlMs, ...ofFilter } = cache;
  return {
    service: service.name,
    configVersion: service.version,
    digestKey,
    realm: service.name,
    credentials,
    protocol: protocolOf(authorization, service.clusters),
    cache: edgeTtlMs > 0 ? { ...ofFilter, edgeTtlMs } : ofFilter,
    rules: rulesOf(service),
    failOpen,
  };
}

/**
 * Rules with scopes or a permission or whose pattern is sent, and the one without any. The gateway always names a rule: if the
 * name gets lost, the filter refuses the request instead of allowing it without its scopes.
 */
function rulesOf(service: Service): Json[] {
  const rules: Json[] = [{ name: AUTHENTICATE_RULE, scopes: [] }];
  for (const { name, access, sentUri } of service.rules) {
    if (access.kind === "public" || name === AUTHENTICATE_RULE) continue;
    const { scopes, permission } = access;
    const ofRule = permission === undefined ? { name, scopes } : { name, scopes, permission };
    rules.push(sentUri === undefined ? ofRule : { ...ofRule, uri: sentUri });
  }
  return rules;
}

function protocolOf(authorization: Authorization, clusters: Service["clusters"]): Json {
  switch (authorization.protocol) {
    case "forward-auth": {
      const { protocol, method, uri, requestHeaders, unkeyedHeaders, upstreamHeaders, headers } = authorization;
      const asked = { uri, requestHeaders, unkeyedHeaders, upstreamHeaders, headers };
      return { type: protocol, ...callOf(authorization, clusters), method, ...asked };
    }
    case "introspection": {
      const { protocol, clientAuthentication, expect, headers, upstreamClaims } = authorization;
      // Only the token is sent, so the cache key must not depend on the request: each path would cost a call.
      return {
        type: protocol,
        ...callOf(authorization, clusters),
        uri: "none",
        requestHeaders: [],
        clientAuthentication: clientAuthenticationOf(clientAuthentication),
        expect: expectationsOf(expect),
        headers,
        upstreamClaims,
      };
    }
    case "authzen":
    case "opa": {
      const { protocol, uri, requestHeaders, unkeyedHeaders, upstreamHeaders, headers, subject } = authorization;
      const decision = {
        type: protocol,
        ...callOf(authorization, clusters),
        uri,
        requestHeaders,
        unkeyedHeaders,
        upstreamHeaders,
        headers,
      };
      if (subject === undefined) return decision;
      const clientAuthentication = clientAuthenticationOf(subject.clientAuthentication);
      const asked = { clientAuthentication, expect: expectationsOf(subject.expect), headers: subject.headers };
      return { ...decision, subject: { ...callOf(subject, clusters), ...asked } };
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

function expectationsOf(expectations: readonly Expectation[]): Json {
  return expectations.map(({ claim, anyOf }) => ({ claim, anyOf: [...anyOf] }));
}

type Filled = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly missingSecret: string };

/** Replaces every `{ secret: "NAME" }` with the value of that name. Returns the first name without a value, if any. */
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

/** An object with only a text field `secret`; a `secret` field among others is an ordinary field. */
function isSecret(value: Json): value is Secret {
  return isPlainObject(value) && typeof value.secret === "string" && Object.keys(value).length === 1;
}

import {
  asksAboutVerifiedSubject,
  type Comparison,
  comparisonOf,
  introspectedSubject,
  introspectionOf,
  isFoundByFilter,
} from "./authorization-parts.ts";
import { keyedHeadersOf } from "./decision-key.ts";
import type {
  ClaimCondition,
  ClientAuthentication,
  Cluster,
  Credential,
  Expectation,
  FilterKind,
  ServerAuthorization,
  Service,
} from "./gateway.ts";
import { VERIFIED_ISSUER_HEADER } from "./header-names.ts";
import type { Json, Secret } from "./input.ts";
import { AUTHENTICATE_RULE } from "./match-rule.ts";
import { questionOf } from "./question.ts";
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
  if (filterKind.kind === "in-worker") throw new Error(`${service.name}: the Worker decides, no filter is configured`);
  const ofFilter =
    filterKind.kind === "other"
      ? { plugin: filterKind.configuration, vm: filterKind.vmConfiguration, rootId: filterKind.rootId }
      : { plugin: builtIn(service, filterKind, environment), vm: "", rootId: "" };
  const plugin = fillIn(ofFilter.plugin, environment.secrets);
  if (!plugin.ok) return plugin;
  const ofObject = fillIn(keptFromFilter(filterKind), environment.secrets);
  if (!ofObject.ok) return ofObject;
  const vm = fillIn(ofFilter.vm, environment.secrets);
  if (!vm.ok) return vm;
  return { ok: true, plugin: bytesOf(plugin.value), vm: bytesOf(vm.value), rootId: ofFilter.rootId };
}

/** What the object needs for the filter's calls. Without it the filter must not start. */
function keptFromFilter(filterKind: FilterKind): Json {
  if (filterKind.kind !== "built-in") return null;
  const authentication = introspectionOf(filterKind.authorization)?.clientAuthentication;
  return authentication?.type === "private-key-jwt" ? { ...authentication } : null;
}

/** Text unchanged, anything else as JSON. */
function bytesOf(value: Json): Uint8Array {
  return new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
}

function builtIn(
  service: Service,
  filterKind: Extract<FilterKind, { kind: "built-in" }>,
  { digestKey }: FilterEnvironment,
): Json {
  const { authorization, credentials, isReadInWorker, cache, failOpen } = filterKind;
  // The host persists decisions, not the filter.
  const { persist: _, edgeTtlMs, ...ofFilter } = cache;
  return {
    service: service.name,
    configVersion: service.version,
    digestKey,
    realm: service.name,
    credentials: isReadInWorker ? toldByWorker(filterKind) : credentials.map(foundByFilter),
    protocol: protocolOf(authorization, service),
    cache: edgeTtlMs > 0 ? { ...ofFilter, edgeTtlMs } : ofFilter,
    rules: rulesOf(service, comparisonOf(authorization)),
    failOpen,
  };
}

/** Where the filter finds the credential that the Worker tells it: in its own place, or else as `Authorization`. */
function toldByWorker({ credentials, authorization }: Extract<FilterKind, { kind: "built-in" }>): Json[] {
  const isSubject = asksAboutVerifiedSubject(authorization);
  const known = isSubject ? [] : credentials.filter(isFoundByFilter);
  const schemes = credentials.flatMap((credential) => ("schemes" in credential ? credential.schemes : []));
  const told = [
    ...(isSubject || known.length < credentials.length || schemes.includes("bearer") ? ["bearer"] : []),
    ...(schemes.includes("basic") ? ["basic"] : []),
  ];
  const others = known.filter(({ from }) => from !== "authorization").map(foundByFilter);
  return told.length === 0 ? others : [{ from: "authorization", schemes: told }, ...others];
}

/** A place that the filter knows (`isFoundByFilter`). */
function foundByFilter(credential: Credential): Json {
  if (credential.from === "authorization") return { from: credential.from, schemes: [...credential.schemes] };
  return "name" in credential ? { from: credential.from, name: credential.name } : { from: credential.from };
}

/**
 * Rules with scopes, claims or a permission or whose pattern is sent, and the one without any. The gateway always names a rule:
 * if the name gets lost, the filter refuses the request instead of allowing it without them.
 */
function rulesOf(service: Service, by: Comparison): Json[] {
  const rules: Json[] = [{ name: AUTHENTICATE_RULE, scopes: [] }];
  for (const { name, access, sentUri } of service.rules) {
    if (access.kind === "public" || name === AUTHENTICATE_RULE) continue;
    const { scopes, claims, permission } = access;
    rules.push({
      name,
      scopes: by.scopes === "filter" && scopes.anyOf.length > 0 ? { anyOf: scopes.anyOf } : scopes.allOf,
      ...(by.claims === "filter" && claims.length > 0 ? { claims: claims.map(conditionOf) } : {}),
      ...(permission === undefined ? {} : { permission }),
      ...(sentUri === undefined ? {} : { uri: sentUri }),
    });
  }
  return rules;
}

function conditionOf({ path, test }: ClaimCondition): Json {
  return { path, ...test };
}

function protocolOf(authorization: ServerAuthorization, { name, clusters }: Service): Json {
  switch (authorization.protocol) {
    case "forward-auth": {
      const { protocol, method, uri, unkeyedHeaders, upstreamHeaders, headers } = authorization;
      const requestHeaders = [...keyedHeadersOf(authorization)];
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
        upstreamClaims: upstreamClaims.map(({ path, header }) => ({ path, header })),
      };
    }
    case "authzen":
    case "opa": {
      const { protocol, uri, unkeyedHeaders, upstreamHeaders, headers } = authorization;
      const requestHeaders = [...keyedHeadersOf(authorization)];
      const isAboutVerified = authorization.subject === "verified";
      const decision = {
        type: protocol,
        ...callOf(authorization, clusters),
        uri,
        // Issuers do not know each other's subjects.
        requestHeaders: isAboutVerified ? [...requestHeaders, VERIFIED_ISSUER_HEADER] : requestHeaders,
        unkeyedHeaders,
        upstreamHeaders,
        headers,
        question: questionOf(authorization, name),
      };
      if (isAboutVerified) return { ...decision, subject: "credential" };
      const subject = introspectedSubject(authorization);
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

/** The filter never sees a private key: the object adds the signature to its calls. */
function clientAuthenticationOf(authentication: ClientAuthentication): Json {
  return authentication.type === "private-key-jwt" ? { type: "none" } : { ...authentication };
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

import { asksWithoutCredential, introspectedSubject, issuersOf, issuersPath } from "./authorization-parts.ts";
import { challengedSchemes } from "./challenged-schemes.ts";
import type { Authorization, Gateway, Rule, Service } from "./gateway.ts";
import { openedNeighbours } from "./opened-neighbours.ts";
import { pagesOutside } from "./operator-paths.ts";
import { prefixCovers } from "./path-syntax.ts";
import { patternCovers, patternsOverlap, shareMethod } from "./route-pattern.ts";

/**
 * Warnings about settings that are valid but rarely intended, one sentence each.
 * @param nowMs a Worker has no clock when it is loaded
 */
export function warningsOf(gateway: Gateway, nowMs = Date.now()): string[] {
  return [
    ...gateway.services.flatMap((service) => ofService(service, nowMs)),
    ...openedNeighbours(gateway.services),
    ...ofMemory(gateway),
    ...ofOperatorPaths(gateway),
  ];
}

function ofService(service: Service, nowMs: number): string[] {
  const { name, upstream, clusters, resource } = service;
  const discovered = issuersOf(authorizationOf(service)).filter(({ keys }) => keys.from === "discovery");
  const urls = [
    ...discovered.map(({ issuer }) => ["authorization", issuer] as const),
    ...("url" in upstream ? [["upstream", upstream.url] as const] : []),
    ...(resource?.authorizationServers ?? []).map((url) => ["resource.authorizationServers", url] as const),
    ...Object.entries(clusters).flatMap(([cluster, server]) =>
      "url" in server ? [[`clusters.${cluster}`, server.url] as const] : [],
    ),
  ];
  const plain = urls
    .filter(([, url]) => url.startsWith("http://") && !isThisMachine(new URL(url).hostname))
    .map(
      ([field, url]) =>
        `services.${name}.${field}: ${url} is not encrypted: anyone on the network path can read and change it`,
    );
  return [
    ...plain,
    ...ofIntrospection(service),
    ...ofSignIn(service),
    ...ofIssuers(service),
    ...ofResource(service),
    ...ofEnforcement(service, nowMs),
    ...ofRateLimit(service),
    ...cutByPublicRules(service),
  ];
}

function authorizationOf({ filterKind }: Service): Authorization | undefined {
  return filterKind.kind === "other" ? undefined : filterKind.authorization;
}

function ofIssuers(service: Service): string[] {
  const authorization = authorizationOf(service);
  return issuersOf(authorization).flatMap(({ audience, clientIds }, index) =>
    audience !== "any" || clientIds !== undefined
      ? []
      : [
          `services.${service.name}.${issuersPath(authorization).join(".")}[${index}].audience: with "any" and without clientIds, a token that this issuer issued for any other service is allowed too`,
        ],
  );
}

/** What clients are told, and would then be refused. */
function ofResource(service: Service): string[] {
  const { name, resource, filterKind } = service;
  if (resource === undefined) return [];
  const accepted = issuersOf(authorizationOf(service)).map(({ issuer }) => issuer);
  const strange = resource.authorizationServers.filter((server) => accepted.length > 0 && !accepted.includes(server));
  const warnings = strange.map(
    (server) =>
      `services.${name}.resource.authorizationServers: clients are sent to ${server}, whose tokens are refused: authorization has no issuer of exactly this text`,
  );
  const schemes = filterKind.kind === "other" ? undefined : challengedSchemes(filterKind.credentials);
  if (schemes?.includes("Bearer") === false) {
    warnings.push(
      `services.${name}.resource: no challenge names the metadata, because the service's clients send no Bearer token (credentials)`,
    );
  }
  return warnings;
}

function ofEnforcement({ name, enforcement }: Service, nowMs: number): string[] {
  if (enforcement.mode === "enforce" || nowMs >= enforcement.untilMs) return [];
  return [
    `services.${name}.enforcement: REPORT-ONLY until the end of ${enforcement.until} (UTC): requests that would be refused reach the upstream`,
  ];
}

/** It limits calls to a server, and none is asked. */
function ofRateLimit({ name, filterKind, rateLimit }: Service): string[] {
  if (rateLimit === undefined || filterKind.kind !== "in-worker") return [];
  return [
    `services.${name}.rateLimit: limits nothing here, because no authorization server is asked; limit requests in front of the Worker`,
  ];
}

/** Servers issue tokens for many services, and introspection says "active" to all of them. */
function ofIntrospection({ name, filterKind }: Service): string[] {
  if (filterKind.kind !== "built-in") return [];
  const { authorization } = filterKind;
  // Each issuer of a verification has its own warning.
  if (issuersOf(authorization).length > 0) return [];
  const [field, source] =
    authorization.protocol === "introspection" ? ["", authorization] : ["subject.", introspectedSubject(authorization)];
  if (source === undefined || source.expect.some(({ claim }) => claim === "aud" || claim === "client_id")) return [];
  return [
    `services.${name}.authorization.${field}expect: without audience or clientIds, a token that this server issued for any other service is allowed too`,
  ];
}

/** Browsers send no other credential by themselves. */
function ofSignIn({ name, filterKind }: Service): string[] {
  if (filterKind.kind !== "built-in" || !asksWithoutCredential(filterKind.authorization)) return [];
  if (filterKind.credentials.some(({ from }) => from === "cookie")) return [];
  return [
    `services.${name}.authorization.withoutCredential: with "ask" and no cookie among credentials, the server is asked about each request of a browser, signed in or not, and no answer is kept`,
  ];
}

function isThisMachine(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127\./.test(host);
}

/** The first match wins, so a public rule makes public every path that it shares with a later one. */
function cutByPublicRules({ name, rules }: Service): string[] {
  return rules.flatMap((open, index) =>
    open.access.kind !== "public"
      ? []
      : rules
          .slice(index + 1)
          .flatMap((rule, after) =>
            rule.access.kind === "public" ||
            !shareMethod(open.methods, rule.methods) ||
            !patternsOverlap(open.pattern, rule.pattern) ||
            isException(open, rule)
              ? []
              : [
                  `services.${name}.rules[${index}]: the public path ${open.path} comes before rules[${index + 1 + after}] (${rule.path}) and makes public every path that both match`,
                ],
          ),
  );
}

/** A public rule for a fixed part of what the later rule restricts is intended: `/health` before `/*`. */
function isException(open: Rule, rule: Rule): boolean {
  return !open.pattern.segments.includes(null) && patternCovers(rule.pattern, open.pattern);
}

/** The caches of an isolate can fill at the same time. */
function ofMemory({ services, memory }: Gateway): string[] {
  const bytes = services.map(({ filterKind }) => (filterKind.kind === "built-in" ? filterKind.cache.maxBytes : 0));
  const total = bytes.reduce((sum, size) => sum + size, 0);
  if (total <= memory.highBytes) return [];
  return [
    `services: the caches (cache.maxBytes) may use ${total} bytes together, more than memory.highBytes (${memory.highBytes}): the gateway will then restart filters to free memory`,
  ];
}

/** The gateway answers these paths itself. Whoever sets the field knows; by default it could take a page that a service has. */
function ofOperatorPaths({ operator, services }: Gateway): string[] {
  return pagesOutside(operator).flatMap(({ name, path }) => {
    const [first, ...others] = services.filter(({ route }) => prefixCovers(route.prefix, path));
    if (first === undefined || !operator.defaultPaths.includes(name)) return [];
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    return [
      `services.${first.name}${more}: requests for ${path} get the gateway's own page (operator.${name}), not the upstream's; set operator.${name} to this path, to another one, or to false`,
    ];
  });
}

import * as v from "valibot";
import {
  asksAboutVerifiedSubject,
  headerOfCredential,
  isDecidedInWorker,
  isFoundByFilter,
  isReadInWorker,
} from "./authorization-parts.ts";
import { canonicalJson } from "./canonical-json.ts";
import { CONFIG_LIMITS } from "./configuration-limits.ts";
import { checkService, identityHeadersOf } from "./cross-checks.ts";
import { keyedHeadersOf, namesRoute, sendsRule, unkeyedHeadersOf } from "./decision-key.ts";
import { fnv1a64 } from "./fnv1a.ts";
import type { Cluster, FilterKind, Gateway, Service } from "./gateway.ts";
import { VERIFIED_ISSUER_HEADER } from "./header-names.ts";
import { shareUpstream } from "./neighbours.ts";
import { checkOperator } from "./operator-checks.ts";
import { operatorOf } from "./operator-paths.ts";
import { type ConfigProblem, type Finding, findingsOf, formatProblems, toProblems } from "./problems.ts";
import { checkRoutes } from "./route-checks.ts";
import { fields, named } from "./schema/fields.ts";
import { memory } from "./schema/memory.ts";
import { operator } from "./schema/operator.ts";
import { resolveRestart } from "./schema/restart.ts";
import { type PatternForm, resolveRule } from "./schema/rules.ts";
import { type ParsedCluster, type ParsedService, service as serviceSchema } from "./schema/service.ts";
import { DEFAULT_BODY, NO_STAGES } from "./schema/stages.ts";
import { bindingName, isHostName, secretName, serviceName } from "./schema/values.ts";
import { aboutVariable, type Environment, fillVariables } from "./variables.ts";

export type Result =
  | { readonly ok: true; readonly gateway: Gateway }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** The schema of a configuration whose services have the given one. */
export function gatewayOf<Service extends v.GenericSchema<unknown, unknown>>(service: Service) {
  return fields({
    operator: v.optional(operator, {}),
    keySecret: v.optional(secretName, "EBB_KEY"),
    memory: v.optional(memory, {}),
    analytics: v.optional(fields({ binding: bindingName })),
    services: v.pipe(
      named(serviceName, service, "an object from names to services", CONFIG_LIMITS.maxServices),
      v.minEntries(1, "at least one service"),
    ),
  });
}

/** Services are checked one by one, so that one that is wrong does not hide the conflicts of another. */
const gatewaySchema = gatewayOf(v.unknown());

/**
 * Validates a configuration and fills in every default. Never throws: `input` may be anything a file can export. Reports
 * all problems at once, sorted by path. Conflicts between fields of a service are only reported once each field is valid.
 *
 * @param unfilled the file's export
 * @param fileName the file that problems name
 * @param environment values of its variables. Without them it is checked with stand-ins, and must not decide (`fault`)
 */
export function resolveGateway(unfilled: unknown, fileName = "gateway.config.ts", environment?: Environment): Result {
  const { input, uses, missing } = fillVariables(unfilled, environment);
  const top = v.safeParse(gatewaySchema, input);
  const findings: Finding[] = [...missing, ...(top.success ? [] : findingsOf(top.issues, []))];
  const parsed = new Map<string, ParsedService>();
  for (const [name, value] of serviceEntries(input)) {
    const result = v.safeParse(serviceSchema, value);
    if (result.success) {
      parsed.set(name, result.output);
      for (const finding of checkService(result.output)) {
        findings.push({ ...finding, path: ["services", name, ...finding.path] });
      }
    } else {
      findings.push(...findingsOf(result.issues, ["services", name]));
    }
  }
  if (top.success) {
    const names = serviceEntries(input).map(([name]) => name);
    findings.push(...checkOperator(top.output, names), ...checkRoutes(operatorOf(top.output.operator), [...parsed]));
  }
  if (!top.success || findings.length > 0) {
    const named = findings.map((finding) => aboutVariable(finding, uses, environment));
    return { ok: false, problems: toProblems(fileName, named) };
  }

  const resolved = {
    operator: operatorOf(top.output.operator),
    keySecret: top.output.keySecret,
    memory: top.output.memory,
    ...(top.output.analytics === undefined ? {} : { analytics: top.output.analytics }),
    services: withSharedIdentity([...parsed].map(([name, service]) => resolveService(name, service))),
  };
  const { services, ...ofAll } = resolved;
  const versions = services.map(({ version }) => version);
  return {
    ok: true,
    gateway: {
      version: versionOf({ ...ofAll, versions }),
      ...resolved,
      variables: [...new Set(uses.map(({ name }) => name))].sort(),
      ...(environment === undefined && uses.length > 0 ? { fault: "the variables are not filled in yet" } : {}),
    },
  };
}

/**
 * The gateway with the values of its variables, checked as a whole: services in front of one upstream protect each other's headers
 * and paths, so none can decide while an upstream is unknown. Never throws; if something is wrong, the gateway has a `fault`.
 *
 * @param unfilled what `resolveGateway` makes of the same input without an environment
 */
export function gatewayIn(environment: Environment, input: unknown, unfilled: Gateway): Gateway {
  if (unfilled.variables.length === 0) return unfilled;
  const result = resolveGateway(input, undefined, environment);
  return result.ok ? result.gateway : { ...unfilled, fault: formatProblems(result.problems) };
}

/** The services, if there are any, even if another part of the configuration is wrong. */
function serviceEntries(input: unknown): [string, unknown][] {
  if (typeof input !== "object" || input === null || !("services" in input)) return [];
  const { services } = input;
  return typeof services === "object" && services !== null && !Array.isArray(services) ? Object.entries(services) : [];
}

function patternForm(authorization: ParsedService["authorization"]): PatternForm | undefined {
  if (namesRoute(authorization)) return "braces";
  return sendsRule(authorization) ? "colons" : undefined;
}

function resolveService(name: string, parsed: ParsedService): Service {
  const { route, upstream, filter, unmatched, paths, preflight = "authorize", failurePolicy, enforcement } = parsed;
  const cors = parsed.cors ?? (typeof preflight === "string" ? undefined : preflight.answer);
  const clusters = Object.entries(parsed.clusters).map(([key, value]) => [key, resolveCluster(key, value)] as const);
  const resolved = {
    name,
    route,
    upstream,
    filterKind: filterKindOf(parsed),
    clusters: Object.fromEntries(clusters),
    rules: parsed.rules.map((rule, index) => resolveRule(rule, index, patternForm(parsed.authorization))),
    unmatched,
    paths,
    preflight: typeof preflight === "string" ? preflight : ("authorize" as const),
    ...(cors === undefined ? {} : { cors }),
    ...(parsed.resource === undefined ? {} : { resource: parsed.resource }),
    identityHeaders: identityHeadersOf(parsed),
    neededHeaders: neededHeadersOf(parsed),
    credentialHeaders: credentialHeadersOf(parsed),
    stages: parsed.stages ?? NO_STAGES,
    body: parsed.body ?? DEFAULT_BODY,
    failurePolicy,
    upstreamAuthorization: parsed.upstreamAuthorization ?? ("keep" as const),
    enforcement,
    ...(parsed.rateLimit === undefined ? {} : { rateLimit: parsed.rateLimit }),
    ticks: parsed.ticks ?? "requests",
    restart: resolveRestart(parsed.restart, parsed.cache),
  };
  // Module and handler are left out: they are not text, and new ones come with a new deployment anyway. So is the log.
  const hashed = "handler" in upstream ? { ...resolved, upstream: { handler: "" } } : resolved;
  return { ...resolved, filter, log: parsed.log, version: versionOf(hashed) };
}

/**
 * A server trusts an identity header through whichever service it comes. So each service also removes the identity headers
 * of all others in front of the same upstream, except those that its own filter reads from clients and decides on.
 */
function withSharedIdentity(services: readonly Service[]): Service[] {
  return services.map((service) => {
    const { identityHeaders: own, neededHeaders, credentialHeaders, filterKind } = service;
    const unkeyed = filterKind.kind === "built-in" ? unkeyedHeadersOf(filterKind.authorization) : [];
    const reads = (name: string) => neededHeaders.includes(name) || credentialHeaders.includes(name);
    const ofOthers = services
      .filter((other) => other !== service && shareUpstream(other.upstream, service.upstream))
      .flatMap(({ identityHeaders }) => identityHeaders)
      .filter((name) => neededHeaders === "all" || !reads(name) || unkeyed.includes(name));
    return { ...service, identityHeaders: [...new Set([...own, ...ofOthers])] };
  });
}

function filterKindOf(parsed: ParsedService): FilterKind {
  const { authorization, credentials, cache, failOpen, configuration } = parsed;
  if (authorization !== undefined && credentials !== undefined && cache !== undefined && failOpen !== undefined) {
    if (isDecidedInWorker(authorization)) return { kind: "in-worker", authorization, credentials };
    return {
      kind: "built-in",
      authorization,
      credentials,
      isReadInWorker: isReadInWorker(parsed),
      cache,
      failOpen,
    };
  }
  if (configuration !== undefined) {
    const { vmConfiguration = "", rootId = "", logLevel = "info", properties = {} } = parsed;
    return { kind: "other", configuration, vmConfiguration, rootId, logLevel, properties };
  }
  throw new Error("the schema let through a service without authorization and configuration");
}

/** Exactly the headers that the built-in filter reads. Sending others would only cost time. */
function neededHeadersOf(parsed: ParsedService): readonly string[] | "all" {
  const { authorization, credentials = [] } = parsed;
  if (authorization === undefined) return "all";
  if (isDecidedInWorker(authorization)) return [];
  const isSubject = asksAboutVerifiedSubject(authorization);
  const ofCredentials = isSubject
    ? ["authorization", VERIFIED_ISSUER_HEADER]
    : [
        ...(isReadInWorker(parsed) ? ["authorization"] : []),
        ...credentials.filter(isFoundByFilter).flatMap(headerOfCredential),
      ];
  return [...new Set([...ofCredentials, ...keyedHeadersOf(authorization), ...unkeyedHeadersOf(authorization)])];
}

/** Headers where the Worker itself looks for the credential. */
function credentialHeadersOf(parsed: ParsedService): readonly string[] {
  const { authorization, credentials = [] } = parsed;
  const isRead = authorization !== undefined && (isDecidedInWorker(authorization) || isReadInWorker(parsed));
  return isRead ? [...new Set(credentials.flatMap(headerOfCredential))] : [];
}

/** A service binding needs no host name, but its requests have one: the cluster's name, if that is a valid host. */
function resolveCluster(name: string, cluster: ParsedCluster): Cluster {
  const { timeoutMs, concurrency, probe } = cluster;
  const ofCalls = { timeoutMs, concurrency, ...(probe === undefined ? {} : { probe }) };
  if ("url" in cluster) return { ...ofCalls, authority: new URL(cluster.url).host, url: cluster.url };
  const authority = cluster.host ?? (isHostName(name.toLowerCase()) ? name.toLowerCase() : "cluster");
  return { ...ofCalls, authority, binding: cluster.binding };
}

function versionOf(resolved: object): string {
  return fnv1a64(canonicalJson(resolved));
}

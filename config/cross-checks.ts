import {
  asksAboutVerifiedSubject,
  introspectedSubject,
  introspectionOf,
  introspectionPath,
  isReadInWorker,
  issuersOf,
  issuersPath,
  verificationOf,
} from "./authorization-parts.ts";
import { CONFIG_LIMITS } from "./configuration-limits.ts";
import { keyedHeadersOf, namesPattern, sentBodyOf, unkeyedHeadersOf } from "./decision-key.ts";
import { checkFixedHeaders } from "./fixed-header-checks.ts";
import type { Authorization, Cors, Credential, RuleAccess } from "./gateway.ts";
import { coversHeader } from "./header-patterns.ts";
import { foldSegment } from "./path-readings.ts";
import { describeFound, type Finding } from "./problems.ts";
import { checkRequirements } from "./requirement-checks.ts";
import { parseRoutePattern, patternCovers, patternReaches, type RoutePattern, shareMethod } from "./route-pattern.ts";
import { resolveRestart } from "./schema/restart.ts";
import { type ParsedRule, resolveRule } from "./schema/rules.ts";
import type { ParsedService } from "./schema/service.ts";
import { checkSentRules } from "./sent-rule-checks.ts";
import { checkSignIn } from "./sign-in-checks.ts";
import { requiresAllOf } from "./strictness.ts";
import { oneOf } from "./suggest.ts";
import { checkUnkeyedHeaders } from "./unkeyed-header-checks.ts";

/** Finds conflicts between fields that are each valid. Paths are relative to the service. */
export function checkService(service: ParsedService): Finding[] {
  const checks = [
    checkClusters,
    checkProbes,
    checkHeaders,
    checkFixedHeaders,
    checkRequirements,
    checkUnkeyedHeaders,
    checkSentRules,
    checkCredentials,
    checkSubject,
    checkSignIn,
    checkSignedReplies,
    checkRequestBody,
    checkEnforcement,
    checkRules,
    checkCors,
    checkBody,
    checkRestart,
  ];
  return checks.flatMap((check) => check(service));
}

function checkClusters({ authorization, clusters }: ParsedService): Finding[] {
  if (authorization === undefined) return [];
  const known = Object.keys(clusters);
  const check = (name: string, path: (string | number)[]): Finding[] => {
    if (known.includes(name)) return [];
    const allowed =
      known.length === 0
        ? `a cluster of this service, which has none yet: clusters: { ${JSON.stringify(name)}: { url: "https://…" } }`
        : `the name of a cluster of this service: ${oneOf(known, name)}`;
    return [{ path, found: describeFound(name), allowed }];
  };
  const subject = introspectedSubject(authorization);
  const keys = introspectionOf(authorization)?.signedReplies?.keys;
  return [
    ...("cluster" in authorization ? check(authorization.cluster, ["authorization", "cluster"]) : []),
    ...issuersOf(authorization).flatMap(({ keys }, index) =>
      keys.from === "cluster" ? check(keys.cluster, [...issuersPath(authorization), index, "jwks", "cluster"]) : [],
    ),
    ...(subject === undefined ? [] : check(subject.cluster, ["authorization", "subject", "cluster"])),
    ...(keys?.from === "cluster"
      ? check(keys.cluster, [...introspectionPath(authorization), "signedReplies", "jwks", "cluster"])
      : []),
  ];
}

/** A signed reply names whom it is for, so that no reply to another client of the server is taken for one to the gateway. */
function checkSignedReplies({ authorization }: ParsedService): Finding[] {
  const introspection = introspectionOf(authorization);
  if (introspection?.signedReplies === undefined || introspection.signedReplies.audience !== undefined) return [];
  const { type } = introspection.clientAuthentication;
  if (type !== "none" && type !== "bearer") return [];
  return [
    {
      path: [...introspectionPath(authorization), "signedReplies", "audience"],
      found: "nothing",
      allowed: `the aud of the replies, which the client authentication ${JSON.stringify(type)} does not tell`,
    },
  ];
}

/** The gateway probes only servers that the built-in filter calls. */
function checkProbes({ authorization, clusters }: ParsedService): Finding[] {
  const asked = [
    authorization !== undefined && "cluster" in authorization ? authorization.cluster : undefined,
    introspectedSubject(authorization)?.cluster,
  ];
  return Object.entries(clusters)
    .filter(([name, { probe }]) => probe !== undefined && !asked.includes(name))
    .map(([name]) => ({
      path: ["clusters", name, "probe"],
      found: "a cluster that authorization does not name",
      allowed: "only for clusters that authorization names; the gateway probes no others",
    }));
}

/** The server would see the credential that the Worker found, and the upstream what the client sent. */
const TOLD_IN_AUTHORIZATION = {
  found: '"authorization"',
  allowed: "another header: in this one the gateway tells the server the credential, wherever the client sent it",
};

/** The gateway removes identity headers from every request, so nothing can read them. */
function checkHeaders(service: ParsedService): Finding[] {
  const stripped = identityHeadersOf(service);
  const findings: Finding[] = [];
  const check = (name: string, path: (string | number)[]) => {
    if (!coversHeader(stripped, name)) return;
    const allowed =
      "a header that clients may set; this one is an identity header, which the gateway removes from every request";
    findings.push({ path, found: describeFound(name), allowed });
  };
  for (const [index, credential] of (service.credentials ?? []).entries()) {
    if (credential.from === "header") check(credential.name, ["credentials", index, "name"]);
  }
  for (const [index, name] of requestHeadersOf(service.authorization).entries()) {
    const path = ["authorization", "requestHeaders", index];
    check(name, path);
    if (name === "authorization" && isReadInWorker(service)) findings.push({ path, ...TOLD_IN_AUTHORIZATION });
  }
  for (const [index, name] of unkeyedHeadersOf(service.authorization).entries()) {
    check(name, ["authorization", "unkeyedHeaders", index]);
  }
  for (const { cors, path } of corsOf(service)) {
    for (const [index, name] of cors.headers.entries()) check(name, [...path, "headers", index]);
  }
  return findings;
}

/** The first source that is present counts, so a second one for the same place would never be read. */
function checkCredentials({ credentials = [], authorization }: ParsedService): Finding[] {
  return credentials.flatMap((credential, index): Finding[] => {
    const path = ["credentials", index];
    if (credentials.slice(0, index).some((earlier) => hidesCredential(earlier, credential))) {
      const found = "name" in credential ? describeFound(credential.name) : "a place of an earlier source";
      return [{ path, found, allowed: "each place once: an earlier source already reads it" }];
    }
    if (credential.from === "certificate" && credentials.length > 1) {
      const allowed =
        "a certificate alone: its fingerprint is no secret, and in another place any client could send it; use a service for each";
      return [{ path, found: "a certificate beside other places", allowed }];
    }
    const isToken = issuersOf(authorization).length > 0;
    if (isToken && credential.from === "certificate") {
      return [{ path, found: "a certificate", allowed: "places of tokens: a certificate's fingerprint is none" }];
    }
    if (isToken && credential.from === "authorization" && credential.schemes.includes("basic")) {
      const allowed = "schemes of tokens: Basic has a user name and a password, which no issuer signs";
      return [{ path: [...path, "schemes"], found: '"Basic"', allowed }];
    }
    return [];
  });
}

function hidesCredential(earlier: Credential, later: Credential): boolean {
  if (earlier.from === "authorization") {
    return later.from === "authorization" && later.schemes.some((scheme) => earlier.schemes.includes(scheme));
  }
  if (earlier.from === "header" && later.from === "header" && earlier.name === later.name) {
    const isBare = earlier.scheme === undefined && earlier.prefix === undefined;
    return isBare || (earlier.scheme === later.scheme && earlier.prefix === later.prefix);
  }
  if (earlier.from !== later.from) return false;
  return !("name" in earlier && "name" in later) || earlier.name === later.name;
}

/** A check without a method for bodies cannot carry one. */
function checkRequestBody({ authorization }: ParsedService): Finding[] {
  const findings: Finding[] = [];
  if (sentBodyOf(authorization) === undefined) return findings;
  if (authorization?.protocol === "forward-auth" && authorization.method !== "POST") {
    const allowed = '"POST" with requestBody: the check carries the body';
    findings.push({ path: ["authorization", "method"], found: describeFound(authorization.method), allowed });
  }
  // One more for the issuer of a verified subject.
  const most = CONFIG_LIMITS.maxFilterHeaders - 1;
  if (keyedHeadersOf(authorization).length > most) {
    const allowed = `at most ${most} with those that say how to read the body (requestBody)`;
    const found = describeFound(requestHeadersOf(authorization));
    findings.push({ path: ["authorization", "requestHeaders"], found, allowed });
  }
  return findings;
}

/** The verified subject comes from a token that the Worker verifies, with its issuer in a header of its own. */
function checkSubject({ authorization }: ParsedService): Finding[] {
  if (authorization === undefined || !asksAboutVerifiedSubject(authorization)) return [];
  const findings: Finding[] = [];
  if (verificationOf(authorization) === undefined) {
    const allowed = '"verified" only with verify: { issuers: [...] }, whose tokens the Worker verifies';
    findings.push({ path: ["authorization", "subject"], found: '"verified"', allowed });
  }
  const headers = requestHeadersOf(authorization);
  const most = CONFIG_LIMITS.maxFilterHeaders - 1;
  if (headers.length > most) {
    const allowed = `at most ${most} with subject "verified", whose issuer needs one`;
    findings.push({ path: ["authorization", "requestHeaders"], found: describeFound(headers), allowed });
  }
  return findings;
}

/** A refusal in the middle of a body cannot be taken back. */
function checkEnforcement({ enforcement, stages, upstreamAuthorization }: ParsedService): Finding[] {
  if (enforcement.mode === "enforce") return [];
  const findings: Finding[] = [];
  if (stages !== undefined) {
    const allowed = "report-only without stages: what a filter refuses after the head cannot pass";
    findings.push({ path: ["enforcement", "mode"], found: '"report-only"', allowed });
  }
  if (typeof upstreamAuthorization === "object") {
    const allowed =
      '"keep" or "remove" while the service only reports: what it would refuse would reach the upstream with the gateway\'s own credential';
    findings.push({ path: ["upstreamAuthorization"], found: "a secret", allowed });
  }
  return findings;
}

function checkRules({ route, rules, paths, authorization }: ParsedService): Finding[] {
  const findings: Finding[] = [];
  const patterns = rules.map((rule) => patternOf(rule));
  for (const [index, rule] of rules.entries()) {
    const path = ["rules", index, "path"];
    const pattern = patterns[index]!;
    if (!patternReaches(pattern, route.prefix)) {
      const allowed = `a path under the service's prefix ${JSON.stringify(route.prefix)}: rules see the whole path as received`;
      findings.push({ path, found: describeFound(rule.path), allowed });
      continue;
    }
    const covering = rules
      .map((other, before) => ({ ...other, before }))
      .filter(({ before }) => before < index && patternCovers(patterns[before]!, pattern));
    if (methodsCover(covering, rule)) {
      const names = covering.map(({ before }) => `rules[${before}]`).join(" and ");
      const allowed = `a rule that can be reached: ${names} ${covering.length === 1 ? "matches" : "match"} all of it first, so move this one up or remove it`;
      findings.push({ path, found: describeFound(rule.path), allowed });
      continue;
    }
    const twin = rules.findIndex(
      (other, before) => before < index && areTwins(other, rule, namesPattern(authorization)),
    );
    if (twin >= 0 && paths === "lenient") {
      const allowed = `one rule for all spellings: servers may treat it as the path of rules[${twin}]; or paths: "literal" if this upstream does not`;
      findings.push({ path, found: describeFound(rule.path), allowed });
    }
  }
  return findings;
}

/** Whether two rules spell one path in two ways and require different things, or ask the server different questions. */
function areTwins(a: ParsedRule, b: ParsedRule, sendsPattern: boolean): boolean {
  const foldedPath = (path: string) => path.split("/").map(foldSegment).join("/");
  const areTwoQuestions = sendsPattern && !(a.public && b.public);
  return (
    a.path !== b.path &&
    foldedPath(a.path) === foldedPath(b.path) &&
    shareMethod(a.methods, b.methods) &&
    (areTwoQuestions || !areEquallyStrict(resolveRule(a, 0).access, resolveRule(b, 0).access))
  );
}

function areEquallyStrict(a: RuleAccess, b: RuleAccess): boolean {
  if (a.kind === "public" || b.kind === "public") return a.kind === b.kind;
  return requiresAllOf(a, b) && requiresAllOf(b, a);
}

function patternOf(rule: ParsedRule): RoutePattern {
  const parsed = parseRoutePattern(rule.path);
  if (!parsed.ok) throw new Error(`the schema let through the rule path ${JSON.stringify(rule.path)}`);
  return parsed.pattern;
}

/** Whether the rules together match every method of the last one. */
function methodsCover(general: readonly ParsedRule[], special: ParsedRule): boolean {
  if (general.some(({ methods }) => methods === undefined)) return true;
  const covered = general.flatMap(({ methods = [] }) => methods);
  const covers = (method: string) => covered.includes(method) || (method === "HEAD" && covered.includes("GET"));
  return covered.length > 0 && (special.methods?.every(covers) ?? false);
}

/** What a service sets of CORS, and where. */
function corsOf({ cors, preflight }: ParsedService): { cors: Cors; path: string[] }[] {
  return [
    ...(cors === undefined ? [] : [{ cors, path: ["cors"] }]),
    ...(typeof preflight === "object" ? [{ cors: preflight.answer, path: ["preflight", "answer"] }] : []),
  ];
}

function checkCors(service: ParsedService): Finding[] {
  const findings: Finding[] = [];
  for (const { cors, path } of corsOf(service)) {
    if (!cors.origins.includes("*")) continue;
    if (cors.origins.length > 1) {
      const allowed = '"*" alone, or a list of origins without it';
      findings.push({ path: [...path, "origins"], found: '"*" with others', allowed });
    }
    if (cors.credentials) {
      const allowed =
        'false with origins ["*"]: any site could act with the credentials of its visitor; list the origins';
      findings.push({ path: [...path, "credentials"], found: "true", allowed });
    }
  }
  if (service.cors !== undefined && service.preflight !== undefined) {
    const allowed = "no preflight beside cors, which answers preflights";
    findings.push({ path: ["preflight"], found: describeFound(service.preflight), allowed });
  }
  return findings;
}

/** Without a body stage these settings would have no effect, and the mistake would go unnoticed. */
function checkBody({ stages, body }: ParsedService): Finding[] {
  if (body === undefined) return [];
  if (!stages?.requestBody && !stages?.responseBody) {
    const allowed = 'only with a body stage: stages: ["request-body"] or ["response-body"]';
    return [{ path: ["body"], found: "no body stage", allowed }];
  }
  if (!body.whileHeadersPaused || stages.requestBody) return [];
  const allowed = 'false without the stage "request-body": the filter gets no request body at all';
  return [{ path: ["body", "whileHeadersPaused"], found: "true", allowed }];
}

function checkRestart({ restart: parsed, cache }: ParsedService): Finding[] {
  const findings: Finding[] = [];
  const restart = resolveRestart(parsed, cache);
  const find = (name: keyof typeof restart, allowed: string) => {
    findings.push({ path: ["restart", name], found: String(restart[name]), allowed });
  };
  const notAbove = (name: keyof typeof restart, bound: keyof typeof restart) => {
    if (restart[name] > restart[bound]) find(name, `at most ${bound} (${restart[bound]})`);
  };
  const notBelow = (name: keyof typeof restart, bound: keyof typeof restart) => {
    if (restart[name] < restart[bound]) find(name, `at least ${bound} (${restart[bound]})`);
  };
  notAbove("binMs", "collectMs");
  notAbove("sampleIntervalMs", "binMs");
  notAbove("ttlDefaultMs", "ttlCapMs");
  notBelow("maxUptimeMs", "minLifetimeMs");
  if (restart.policy === "uptime") {
    notBelow("uptimeMs", "minLifetimeMs");
    notAbove("uptimeMs", "maxUptimeMs");
  }
  const { hardLimitBytes, thresholdBytes } = restart;
  const maxBytes = cache?.maxBytes ?? 0;
  if (hardLimitBytes <= maxBytes) {
    find(
      "hardLimitBytes",
      `more than cache.maxBytes (${maxBytes}), at which the filter discards old decisions: a restart would lose them all`,
    );
  }
  const { minBytes } = restart.callFreeGrowth;
  if (minBytes > hardLimitBytes / 4) {
    findings.push({
      path: ["restart", "callFreeGrowth", "minBytes"],
      found: String(minBytes),
      allowed: `at most a quarter of hardLimitBytes (${hardLimitBytes / 4})`,
    });
  }
  if (restart.policy !== "threshold") return findings;
  if (cache !== undefined && thresholdBytes > maxBytes) {
    find("thresholdBytes", `at most cache.maxBytes (${maxBytes}), beyond which the filter never grows`);
  } else {
    notAbove("thresholdBytes", "hardLimitBytes");
  }
  return findings;
}

/** Identity headers of a service: those it lists and those its authorization server fills. Lower case, without duplicates. */
export function identityHeadersOf({
  identityHeaders,
  authorization,
}: Pick<ParsedService, "identityHeaders" | "authorization">): string[] {
  const filled =
    authorization === undefined
      ? []
      : "upstreamClaims" in authorization
        ? authorization.upstreamClaims.map(({ header }) => header)
        : authorization.upstreamHeaders;
  return [...new Set([...identityHeaders, ...filled])];
}

/** Request headers that are sent to the decision point. */
export function requestHeadersOf(authorization: Authorization | undefined): readonly string[] {
  return authorization !== undefined && "requestHeaders" in authorization ? authorization.requestHeaders : [];
}

import { findService, type Gateway, type Service } from "../../config/index.ts";
import { isOperatorPath, pagesOutside } from "../../config/operator-paths.ts";
import { prefixCovers } from "../../config/path-syntax.ts";
import { describeFound, type Finding } from "../../config/problems.ts";
import { findDescribed, metadataPath } from "../../config/resource-metadata.ts";
import { oneOf } from "../../config/suggest.ts";
import { isKeyScope } from "../../worker/credentials/api-keys/key-lines.ts";
import { rawPath } from "../../worker/request-target.ts";
import { type Explanation, explain } from "./explain.ts";
import type { PolicyFile, PolicyTest } from "./policy-file.ts";
import { whyNeverDecided } from "./test-line.ts";

/** A test with the service and the rule that its request belongs to. */
export interface PlacedTest {
  readonly test: PolicyTest;
  /** Position in the file's tests. */
  readonly index: number;
  readonly host: string;
  readonly explanation: Explanation;
}

export interface Placed {
  readonly tests: readonly PlacedTest[];
  readonly findings: readonly Finding[];
}

/** Host of requests to services for any host. */
const ANY_HOST = "gateway.example";

/** Finds the service of each test, and the mistakes that only show beside the configuration. */
export function placeTests(gateway: Gateway, policy: PolicyFile): Placed {
  const findings: Finding[] = checkUsers(gateway, policy);
  const tests = policy.tests.map((test, index): PlacedTest => {
    const hosts = hostsFor(gateway, test, policy);
    const host = hosts[0] ?? ANY_HOST;
    if (hosts.length > 1) {
      const allowed = `a host beside it, because several services have this path: host: ${oneOf(hosts)}`;
      findings.push({ path: ["tests", index], found: describeFound(test.request.target), allowed });
    }
    const placed = { test, index, host, explanation: explain(gateway, test.request, host) };
    findings.push(...checkTest(gateway, policy, placed));
    return placed;
  });
  return { tests, findings };
}

/** The test's own host, or the file's; else one that leads to the service with the path. */
function hostsFor(gateway: Gateway, { host, request }: PolicyTest, policy: PolicyFile): string[] {
  const named = host ?? policy.host;
  if (named !== undefined) return [named];
  const path = rawPath(`https://${ANY_HOST}${request.target}`);
  const owner = findDescribed(gateway, ANY_HOST, path) ?? findService(gateway, ANY_HOST, path);
  if (owner !== undefined) return [ANY_HOST];
  const candidates = gateway.services.filter(
    ({ route, resource }) =>
      route.hosts.length > 0 &&
      (prefixCovers(route.prefix, path) || (resource !== undefined && metadataPath(route) === path)),
  );
  return candidates.map(({ route }) => route.hosts[0]!.replace(/^\*\./, "any."));
}

function checkUsers(gateway: Gateway, { users }: PolicyFile): Finding[] {
  const clusters = gateway.services.filter(isOther).flatMap((service) => Object.keys(service.clusters));
  const hasKeys = gateway.services.some(
    ({ filterKind }) => filterKind.kind === "in-worker" && filterKind.authorization.protocol === "api-keys",
  );
  return Object.entries(users).flatMap(([name, { scopes, replies }]): Finding[] => [
    ...scopes.flatMap((scope, index) =>
      !hasKeys || isKeyScope(scope)
        ? []
        : [
            {
              path: ["users", name, "scopes", index],
              found: describeFound(scope),
              allowed: "a scope without commas, because the line of an API key separates scopes by them",
            },
          ],
    ),
    ...checkReplies(replies, clusters, ["users", name, "replies"]),
  ]);
}

function checkReplies(replies: PolicyTest["replies"], clusters: readonly string[], path: Finding["path"]): Finding[] {
  return (replies ?? []).flatMap(({ cluster }, index) => {
    if (clusters.includes(cluster)) return [];
    const allowed =
      clusters.length === 0
        ? "no replies: only a service with a filter of your own has scripted ones; other servers know the users"
        : `a cluster of a service with a filter of your own: ${oneOf(clusters, cluster)}`;
    return [{ path: [...path, index, "cluster"], found: describeFound(cluster), allowed }];
  });
}

function checkTest(gateway: Gateway, policy: PolicyFile, { test, index, explanation }: PlacedTest): Finding[] {
  const path = ["tests", index];
  const { service, need } = explanation;
  const user = test.as === undefined ? undefined : policy.users[test.as];
  if (test.as !== undefined && (user === undefined || !Object.hasOwn(policy.users, test.as))) {
    const names = Object.keys(policy.users);
    const allowed = `a user of this file${names.length === 0 ? ", which has none yet" : `: ${oneOf(names, test.as)}`}`;
    return [{ path: [...path, "as"], found: describeFound(test.as), allowed }];
  }
  const never = service !== undefined && isOther(service) ? undefined : whyNeverMet(test);
  if (never !== undefined) return [{ path: [...path, "expect"], found: never.found, allowed: never.allowed }];
  if (service === undefined) return checkNoService(gateway, test, path, explanation);
  if (isOther(service)) {
    const findings = checkReplies(test.replies, Object.keys(service.clusters), [...path, "replies"]);
    if (user === undefined || need === "public") return findings;
    if (Object.keys(user.sends).length + Object.keys(test.headers).length > 0) return findings;
    const allowed = `a user with what the filter of ${service.name} reads, like sends: { authorization: "Bearer …" }`;
    return [...findings, { path: [...path, "as"], found: `${test.as}, who sends nothing`, allowed }];
  }
  if (test.replies !== undefined) return checkReplies(test.replies, [], [...path, "replies"]);
  if (user?.may === undefined || !isAskedWithoutUri(service)) return [];
  const allowed = `no may: ${service.name} sends its server no URI (uri: "none"), so no server could tell requests apart`;
  return [{ path: ["users", test.as!, "may"], found: describeFound(user.may), allowed }];
}

function checkNoService(gateway: Gateway, test: PolicyTest, path: Finding["path"], { text }: Explanation): Finding[] {
  const { decision } = test.expected;
  const { operator, services } = gateway;
  const asked = rawPath(`https://${ANY_HOST}${test.request.target}`);
  if (isOperatorPath(operator, asked)) {
    const outside = pagesOutside(operator).map((page) => page.path);
    const allowed = `a path of a service; the operator's pages are ${[`under ${operator.prefix}`, ...outside].join(", ")}`;
    return [{ path, found: describeFound(test.request.target), allowed }];
  }
  // A path of no service may be what the test is about, and one with several readings is refused wherever it belongs.
  if (decision.kind === "refuse" && (decision.status === 404 || decision.status === 400)) return [];
  const routes = services.map(({ name, route }) => `${name} (${[route.hosts[0] ?? "", route.prefix].join("")})`);
  const allowed = `a path of a service: ${routes.join(", ")}; or the decision 404 no_service`;
  return [{ path, found: `${describeFound(test.request.target)}, ${text.replace(/^none: /, "")}`, allowed }];
}

/** An expectation that no gateway could meet, so it is a mistake in the file and not in the configuration. */
function whyNeverMet({ expected }: PolicyTest): { found: string; allowed: string } | undefined {
  const { decision, upstream } = expected;
  const allowed = whyNeverDecided(decision);
  if (allowed !== undefined && decision.kind === "refuse") {
    return { found: `${decision.status} ${decision.reason}`, allowed };
  }
  if (decision.kind === "allow" || Object.keys(upstream).length === 0) return undefined;
  return {
    found: `upstream beside ${decision.status}`,
    allowed: "upstream only beside allow: a refused request reaches no upstream",
  };
}

function isOther({ filterKind }: Service): boolean {
  return filterKind.kind === "other";
}

function isAskedWithoutUri({ filterKind }: Service): boolean {
  if (filterKind.kind !== "built-in") return false;
  const { authorization } = filterKind;
  return authorization.protocol !== "introspection" && authorization.uri === "none";
}

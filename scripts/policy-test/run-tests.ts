import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { issuersOf } from "../../config/authorization-parts.ts";
import type { Gateway, Issuer } from "../../config/index.ts";
import { ApiKeys } from "./api-keys.ts";
import { type Asker, carry, credentialFor } from "./credential.ts";
import { environmentFor } from "./environment.ts";
import { GatewayProcess } from "./gateway-process.ts";
import { type Difference, differences, type Outcome } from "./outcome.ts";
import type { PlacedTest } from "./place-tests.ts";
import type { PolicyFile } from "./policy-file.ts";
import { ScriptedReplies } from "./scripted-replies.ts";
import { Servers } from "./servers.ts";
import { replyIssuer } from "./signed-replies.ts";
import { StandInServer } from "./stand-in-server.ts";
import { clusterBinding, handlerBinding } from "./stand-ins.ts";
import { TokenIssuers } from "./token-issuers.ts";

export interface TestResult {
  readonly placed: PlacedTest;
  readonly outcome: Outcome;
  /** Empty if the test has passed. */
  readonly differences: readonly Difference[];
  /** What the gateway logged; only of a failed test. */
  readonly log: readonly string[];
}

/**
 * Runs tests one after the other against the real gateway, with stand-ins for all servers.
 * @throws Error that says why the gateway does not start
 */
export async function runTests(
  gateway: Gateway,
  configFile: string,
  policy: PolicyFile,
  tests: readonly PlacedTest[],
): Promise<TestResult[]> {
  const keys = new ApiKeys(policy.users);
  const environment = await environmentFor(gateway, policy.environment, keys);
  const servers = new Servers(gateway, new TokenIssuers(issuersIn(gateway), environment));
  const standIn = await StandInServer.start(`x-via-${randomBytes(8).toString("hex")}`, (call) => servers.answer(call));
  try {
    const bindings = bindingsOf(gateway);
    const running = await GatewayProcess.start({ configFile, environment, bindings, standIn });
    try {
      const results: TestResult[] = [];
      for (const placed of tests) results.push(await runTest(placed, policy, servers, keys, running));
      return results;
    } finally {
      await running.stop();
    }
  } finally {
    await standIn.stop();
  }
}

async function runTest(
  placed: PlacedTest,
  { users }: PolicyFile,
  servers: Servers,
  keys: ApiKeys,
  running: GatewayProcess,
): Promise<TestResult> {
  const { test, host, explanation } = placed;
  const { service, need } = explanation;
  const user = test.as === undefined ? undefined : users[test.as]!;
  let asker: Asker | undefined;
  if (user !== undefined && service !== undefined) {
    const credential = await credentialFor(service, test.as!, user, servers.issuers, keys);
    asker = { name: test.as!, user, credential };
  }
  const carried = asker === undefined ? { headers: {} } : carry(service!, asker.credential);
  const { target } = test.request;
  const logged = running.log();
  const current = servers.begin(asker, new ScriptedReplies(test.replies ?? user?.replies ?? []));
  const response = await running.send({
    method: test.request.method,
    target: carried.query === undefined ? target : `${target}${target.includes("?") ? "&" : "?"}${carried.query}`,
    host,
    headers: { ...carried.headers, ...user?.sends, ...test.headers },
    body: test.body,
    fingerprint: carried.fingerprint,
  });
  const outcome: Outcome = {
    response: response && { ...response, reason: response.headers["x-ebb-reason"] },
    upstream: current.upstream,
    asked: current.asked,
  };
  const found = differences(test.expected, outcome, need);
  return { placed, outcome, differences: found, log: found.length === 0 ? [] : await newLines(running, logged) };
}

/** What was logged since. */
async function newLines(running: GatewayProcess, before: string): Promise<string[]> {
  // A log's line comes through a pipe of its own, after the response.
  await sleep(50);
  const now = running.log();
  const added = now.startsWith(before) ? now.slice(before.length) : now;
  return added.split("\n").filter((line) => line.trim() !== "");
}

function issuersIn({ services }: Gateway): Issuer[] {
  return services.flatMap(({ filterKind }) => {
    if (filterKind.kind === "other") return [];
    const ofReplies = replyIssuer(filterKind.authorization);
    return [...issuersOf(filterKind.authorization), ...(ofReplies === undefined ? [] : [ofReplies])];
  });
}

/** Every service binding that the configuration names, and those of clusters under test. */
function bindingsOf({ services }: Gateway): string[] {
  const upstreams = services.flatMap(({ upstream }, index) => {
    if ("handler" in upstream) return [handlerBinding(index)];
    return "binding" in upstream ? [upstream.binding] : [];
  });
  const clusters = services.flatMap((service, index) =>
    Object.keys(service.clusters).map((_, cluster) => clusterBinding(index, cluster)),
  );
  return [...new Set([...upstreams, ...clusters])];
}

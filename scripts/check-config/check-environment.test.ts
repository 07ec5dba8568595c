import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkConfig } from "../check-config.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ebb-check-environment-"));
});
afterAll(() => rm(folder, { recursive: true }));

const CONFIGURATION = `
  import { env, DurableObject } from "cloudflare:workers";
  import { connect } from "cloudflare:sockets";
  export class Room extends DurableObject {}
  export default {
    services: {
      orders: {
        route: { prefix: "/orders" },
        upstream: { binding: "ORDERS" },
        clusters: { auth: { url: { variable: "AUTH_URL" } } },
        authorization: {
          protocol: "jwt",
          issuers: [
            { issuer: { variable: "ISSUER" }, audience: "a", jwks: { cluster: "auth", path: "/keys" } },
            { issuer: "https://shared.example", audience: "a", sharedSecret: { secret: "SHARED" } },
          ],
        },
        rateLimit: { binding: "MISSES" },
      },
    },
  };`;

const CLASS = `
[exports.ServiceObject]
type = "durable-object"
storage = "sqlite"
`;
const TOP = `
name = "gateway"
main = "index.ts"
compatibility_date = "2026-11-01"
${CLASS}
[vars]
AUTH_URL = "https://auth.example"
ISSUER = "https://login.example"
UNUSED = "x"
[[durable_objects.bindings]]
name = "SERVICE_OBJECT"
class_name = "ServiceObject"
[[services]]
binding = "ORDERS"
service = "orders"
[[ratelimits]]
name = "MISSES"
namespace_id = "1001"
simple = { limit = 100, period = 60 }
`;
const STAGING = TOP.slice(TOP.indexOf("[vars]"))
  .replace("UNUSED", "OTHER")
  .replace("[vars]", "[env.staging.vars]")
  .replaceAll("[[", "[[env.staging.")
  .replace("auth.example", "auth.staging.example");

async function check(wrangler: string, environment: string, file = "wrangler.toml", configuration = CONFIGURATION) {
  const here = await mkdtemp(join(folder, "case-"));
  await writeFile(join(here, "gateway.config.ts"), configuration);
  await writeFile(join(here, file), wrangler);
  const { ok, text } = await checkConfig(join(here, "gateway.config.ts"), { environment });
  return { ok, lines: text.split("\n"), text };
}

describe("check-config --env", () => {
  it("says what an environment has, what it inherits, and which secrets it needs", async () => {
    const { ok, lines } = await check(TOP + STAGING, "staging");
    expect(lines).toEqual([
      "orders: /orders on any host -> binding ORDERS; jwt, tokens of https://login.example, https://shared.example, 0 rules",
      expect.stringContaining("operator's pages"),
      expect.stringContaining("WARNING services.orders.rateLimit"),
      expect.stringMatching(
        /^environment staging of .*wrangler\.toml, Worker gateway-staging: has SERVICE_OBJECT, ORDERS, MISSES, AUTH_URL, ISSUER; inherits the class ServiceObject$/,
      ),
      "not inherited from the top level, and not needed here: UNUSED",
      "secrets to set, unless they are set already: wrangler secret put SHARED --env staging",
    ]);
    expect(ok).toBe(true);
  });

  it("checks the top level by an empty name", async () => {
    const { ok, text } = await check(TOP, "");
    expect(text).toContain("Worker gateway: has SERVICE_OBJECT");
    expect(ok).toBe(true);
  });

  it("names an Analytics Engine binding that an environment does not inherit", async () => {
    const dataset = '[[analytics_engine_datasets]]\nbinding = "EBB_ANALYTICS"\ndataset = "ebb"\n';
    const configuration = CONFIGURATION.replace("services:", 'analytics: { binding: "EBB_ANALYTICS" }, services:');
    const { ok, text } = await check(TOP + dataset + STAGING, "staging", "wrangler.toml", configuration);
    expect(ok).toBe(false);
    expect(text).toContain(
      "env.staging.analytics_engine_datasets: found no EBB_ANALYTICS, which analytics.binding names; the top level's is not inherited",
    );
    expect(text).toContain('[[env.staging.analytics_engine_datasets]]\nbinding = "EBB_ANALYTICS"');
    const own = dataset.replace("[[", "[[env.staging.");
    expect((await check(TOP + dataset + STAGING + own, "staging", "wrangler.toml", configuration)).ok).toBe(true);
  });

  it("names every binding and variable that an environment does not inherit, and the lines that add it", async () => {
    const { ok, text } = await check(`${TOP}[env.staging]\n`, "staging");
    expect(ok).toBe(false);
    expect(text).toContain(
      "env.staging.durable_objects.bindings: found no SERVICE_OBJECT; the top level's is not inherited",
    );
    expect(text).toContain(
      '[[env.staging.durable_objects.bindings]]\nname = "SERVICE_OBJECT"\nclass_name = "ServiceObject"',
    );
    expect(text).toContain(
      "env.staging.services: found no ORDERS, which services.orders.upstream.binding names; the top",
    );
    expect(text).toContain('[[env.staging.services]]\nbinding = "ORDERS"');
    expect(text).toContain("env.staging.ratelimits: found no MISSES, which services.orders.rateLimit.binding names");
    expect(text).toContain('services.orders.clusters.auth.url: found variable("AUTH_URL"), which is not set');
    expect(text).toContain('issuers[0].issuer: found variable("ISSUER"), which is not set');
    expect(text).toMatch(/\n5 problems$/);
  });

  it("checks the values of variables as the gateway will", async () => {
    const { text } = await check(TOP + STAGING.replace("https://auth.staging", "auth.staging"), "staging");
    expect(text).toContain(
      'clusters.auth.url: found variable("AUTH_URL"), a text of 20 characters; allowed: an http(s) URL',
    );
    expect((await check(TOP.replace('"https://login.example"', "8080"), "")).text).toContain("which is no text");
  });

  it("warns of what the environment's values do", async () => {
    const { text } = await check(TOP.replace("https://auth.example", "http://auth.example"), "");
    expect(text).toContain("WARNING services.orders.clusters.auth: http://auth.example is not encrypted");
  });

  it("accepts a variable that is set as a secret, whose value it cannot know", async () => {
    const secrets = '[secrets]\nrequired = ["ISSUER", "SHARED"]\n';
    const { ok } = await check(TOP.replace('ISSUER = "https://login.example"\n', "") + secrets, "");
    expect(ok).toBe(true);
  });

  it("warns if the file lists secrets, and not all that are needed", async () => {
    const { ok, text } = await check(`${TOP}[secrets]\nrequired = ["OTHER"]\n`, "");
    expect(text).toContain(
      "secrets.required lists secrets without SHARED: wrangler dev loads only those that it lists",
    );
    expect(ok).toBe(true);
  });

  it.each([
    ["no class", TOP.replace(CLASS, "")],
    ["a class that was deleted", TOP.replace('storage = "sqlite"', 'state = "deleted"')],
    [
      "a class without SQLite",
      `${TOP.replace(CLASS, "")}[[migrations]]\ntag = "v1"\nnew_classes = ["ServiceObject"]\n`,
    ],
    ["a class under another name", TOP.replace('class_name = "ServiceObject"', 'class_name = "Service"')],
  ])("refuses a binding to %s", async (_what, wrangler) => {
    const { ok, text } = await check(wrangler, "");
    expect(text).toMatch(
      /exports: found no class Service(Object)? with SQLite storage, which durable_objects\.bindings names/,
    );
    expect(ok).toBe(false);
  });

  it("accepts a class that migrations declare, under its last name, or that another Worker has", async () => {
    const migrations =
      '[[migrations]]\ntag = "v1"\nnew_sqlite_classes = ["Old"]\n[[migrations]]\ntag = "v2"\nrenamed_classes = [{ from = "Old", to = "ServiceObject" }]\n';
    expect((await check(TOP.replace(CLASS, "") + migrations, "")).ok).toBe(true);
    const elsewhere = TOP.replace(CLASS, "").replace(
      'class_name = "ServiceObject"',
      'class_name = "ServiceObject"\nscript_name = "other"',
    );
    expect((await check(elsewhere, "")).ok).toBe(true);
  });

  it("reads JSON with comments too", async () => {
    const json = `{ // a comment
      "name": "gateway", "main": "index.ts", "compatibility_date": "2026-11-01",
      "exports": { "ServiceObject": { "type": "durable-object", "storage": "sqlite" } },
      "env": { "staging": { "vars": { "AUTH_URL": "https://auth.example", "ISSUER": "https://login.example" },
        "durable_objects": { "bindings": [{ "name": "SERVICE_OBJECT", "class_name": "ServiceObject" }] },
        "services": [{ "binding": "ORDERS", "service": "orders" }],
        "ratelimits": [{ "name": "MISSES", "namespace_id": "1", "simple": { "limit": 1, "period": 60 } }], } },
    }`;
    const { ok, text } = await check(json, "staging", "wrangler.jsonc");
    expect(text).toContain("wrangler.jsonc, Worker gateway-staging");
    expect(ok).toBe(true);
  });

  it.each([
    ["stagin", 'found no environment "stagin"; it has "staging" (did you mean "staging"?)'],
    ["production", 'found no environment "production"; it has "staging"'],
    ["__proto__", 'found no environment "__proto__"; it has "staging"'],
  ])("refuses the unknown environment %s and lists those that exist", async (name, problem) => {
    const { ok, text } = await check(TOP + STAGING, name);
    expect(text).toContain(problem);
    expect(ok).toBe(false);
  });

  it("says so if there are no environments, no file, or a file that cannot be read", async () => {
    expect((await check(TOP, "staging")).text).toContain("it has none; add a table [env.staging]");
    expect((await check("", "staging", "other.toml")).text).toContain(
      "there is no wrangler.json, wrangler.jsonc, wrangler.toml",
    );
    expect((await check("name = ", "")).text).toMatch(/wrangler\.toml: /);
    expect((await check("name = 1", "")).ok).toBe(false);
  });
});

import { describe, expect, it } from "vitest";
import { filterConfiguration } from "./filter-configuration.ts";
import type { Gateway } from "./gateway.ts";
import { secret, variable } from "./input.ts";
import { formatProblems } from "./problems.ts";
import { gatewayIn, resolveGateway } from "./resolve.ts";
import { builtInService, emptyModule, otherService, problemsOf } from "./testing/inputs.ts";

const ENVIRONMENT = {
  UPSTREAM_URL: "https://orders.example/v1/",
  AUTH_URL: "https://auth.example",
  ISSUER: "https://login.example/",
  AUDIENCE: "orders-api",
  CLIENT: "kiosk",
} as const;

const orders = builtInService({
  upstream: { url: variable("UPSTREAM_URL") },
  clusters: { auth: { url: variable("AUTH_URL") } },
  authorization: {
    protocol: "introspection",
    cluster: "auth",
    path: "/introspect",
    clientAuthentication: { type: "basic", id: variable("CLIENT"), secret: secret("SECRET") },
    expect: { issuer: variable("ISSUER"), audience: variable("AUDIENCE"), clientIds: [variable("CLIENT"), "shop"] },
    headers: { "x-client": variable("CLIENT") },
    verify: { issuers: [{ issuer: variable("ISSUER"), audience: variable("AUDIENCE") }] },
  },
});
const INPUT = { services: { orders } };

function unfilled(input: object = INPUT): Gateway {
  const result = resolveGateway(input);
  if (!result.ok) throw new Error(formatProblems(result.problems));
  return result.gateway;
}
const inEnvironment = (values: Readonly<Record<string, unknown>>, input: object = INPUT) =>
  gatewayIn((name) => values[name], input, unfilled(input));
const faultIn = (changed: Readonly<Record<string, unknown>>, input: object = INPUT) =>
  inEnvironment({ ...ENVIRONMENT, ...changed }, input).fault;

describe("a configuration with variables", () => {
  it("is valid without their values, but must not decide", () => {
    expect(unfilled().variables).toEqual(["AUDIENCE", "AUTH_URL", "CLIENT", "ISSUER", "UPSTREAM_URL"]);
    expect(unfilled().fault).toBe("the variables are not filled in yet");
  });

  it("is the same as one with their values in the file", () => {
    const literal = JSON.parse(JSON.stringify(INPUT), (_key, value) =>
      typeof value?.variable === "string" ? ENVIRONMENT[value.variable as keyof typeof ENVIRONMENT] : value,
    );
    literal.services.orders.filter = emptyModule;
    const { variables, ...filled } = inEnvironment(ENVIRONMENT);
    const { variables: none, ...expected } = unfilled(literal);
    expect(filled).toEqual(expected);
    expect([variables.length, none, expected.fault]).toEqual([5, [], undefined]);
  });

  it("has another version with another value, so that no decision made with the old one is used", () => {
    const version = (values: object) => inEnvironment({ ...ENVIRONMENT, ...values }).services[0]?.version;
    expect(version({ AUTH_URL: "https://other.example" })).not.toBe(version({}));
    expect(version({ OTHER: "x" })).toBe(version({}));
  });

  it("is not copied or changed if it has none", () => {
    const input = { services: { orders: builtInService() } };
    const gateway = unfilled(input);
    expect(gatewayIn(() => "x", input, gateway)).toBe(gateway);
    expect(gateway).not.toHaveProperty("fault");
  });

  it("may have them anywhere in the configuration of a filter of one's own, once and again", () => {
    const configuration = { a: [{ url: variable("AUTH_URL") }], b: variable("AUTH_URL"), c: { variable: "x", d: 1 } };
    const gateway = inEnvironment(ENVIRONMENT, { services: { orders: otherService({ configuration }) } });
    const filled = filterConfiguration(gateway.services[0]!, { digestKey: "", secrets: () => undefined });
    const { AUTH_URL: url } = ENVIRONMENT;
    expect(filled.ok && JSON.parse(new TextDecoder().decode(filled.plugin))).toEqual({
      a: [{ url }],
      b: url,
      c: { variable: "x", d: 1 },
    });
  });
});

describe("a variable", () => {
  it.each([
    ["missing", undefined, "which is not set"],
    ["empty", "", "which is not set"],
    ["null", null, "which is not set"],
    ["a number", 8080, "which is no text"],
    ["a binding", { fetch() {} }, "which is no text"],
  ])("that is %s is a fault that names variable, field and way out", (_what, value, found) => {
    expect(faultIn({ AUTH_URL: value })).toBe(
      `gateway.config.ts: services.orders.clusters.auth.url: found variable("AUTH_URL"), ${found}; allowed: a text in the environment: AUTH_URL = "…" under [vars] in wrangler.toml, or [env.NAME.vars] for the environment NAME, which inherits no variable.`,
    );
  });

  it.each([
    ["AUTH_URL", "auth.example"],
    ["AUTH_URL", "https://auth.example/path"],
    ["AUTH_URL", " https://auth.example"],
    ["AUTH_URL", "https://user:hunter2@auth.example"],
    ["AUTH_URL", "https://auth.example/hunter2"],
    ["UPSTREAM_URL", "https://orders.example/a/../hunter2"],
    ["UPSTREAM_URL", "ftp://orders.example"],
    ["UPSTREAM_URL", "https://orders.example/?x"],
    ["ISSUER", "not a URL, from which keys are discovered"],
    ["AUDIENCE", "two\nlines"],
    ["CLIENT", "x".repeat(10_000)],
  ])("%s that is %j is a fault, as the text would be in the file, and is not shown", (name, value) => {
    const fault = faultIn({ [name]: value }) ?? "";
    expect(fault).toContain(`found variable("${name}"), a text of ${value.length} characters; allowed: `);
    expect(fault).not.toContain("hunter2");
    expect(fault).not.toContain(value);
  });

  it("does not open a service to tokens for others: that must be in the file", () => {
    expect(faultIn({ AUDIENCE: "any" })).toContain(
      'audience: found variable("AUDIENCE"), a text of 3 characters; allowed: audiences without "any", which stands alone',
    );
  });

  it("that is wrong does not hide another", () => {
    expect(faultIn({ AUTH_URL: undefined, UPSTREAM_URL: "x" })?.split("\n")).toHaveLength(2);
  });

  it.each([
    [{ route: { prefix: variable("P") } }, "route.prefix"],
    [{ route: { hosts: [variable("P")] } }, "route.hosts[0]"],
    [{ upstream: { binding: variable("P") } }, "upstream.binding"],
    [{ upstream: variable("P") }, "upstream.variable"],
    [{ identityHeaders: [variable("P")] }, "identityHeaders[0]"],
    [{ rules: [{ path: variable("P") }] }, "rules[0].path"],
    [{ clusters: { auth: { url: "https://a.example", timeoutMs: variable("P") } } }, "clusters.auth.timeoutMs"],
  ])("cannot stand where the gateway must be the same everywhere: %j", (fields, path) => {
    const problems = problemsOf({ services: { orders: builtInService(fields) } });
    expect(problems.join("\n")).toContain(`services.orders.${path}: found `);
  });

  it("takes the place of no secret", () => {
    const authorization = {
      protocol: "introspection",
      cluster: "auth",
      path: "/introspect",
      clientAuthentication: { type: "bearer", token: variable("TOKEN") },
    };
    const problems = problemsOf({ services: { orders: builtInService({ authorization }) } });
    expect(problems.join("\n")).toContain("authorization.clientAuthentication.token.variable: found ");
    const headers = { authorization: variable("TOKEN") };
    const withHeader = builtInService({
      authorization: { protocol: "forward-auth", cluster: "auth", path: "/", headers },
    });
    expect(problemsOf({ services: { orders: withHeader } }).join("\n")).toContain(
      "authorization.headers.authorization: found ",
    );
  });

  it.each(["", "A B", "A-B", "1A"])("needs a name: %j", (name) => {
    const service = builtInService({ upstream: { url: variable(name) } });
    expect(problemsOf({ services: { orders: service } })).toEqual([
      `services.orders.upstream.url: found variable(${JSON.stringify(name)}); allowed: the name of a variable, of letters, digits and "_".`,
    ]);
  });

  it("is found out to repeat another value only when it has one", () => {
    const issuers = ["ISSUER", "OTHER"].map((name) => ({ issuer: variable(name), audience: "a" }));
    const input = { services: { orders: builtInService({ authorization: { protocol: "jwt", issuers } }) } };
    expect(faultIn({ OTHER: "https://other.example" }, input)).toBeUndefined();
    expect(faultIn({ OTHER: ENVIRONMENT.ISSUER }, input)).toContain("allowed: each issuer once");
  });

  it.each([
    [{ services: { orders: null } }],
    [{ services: [{ upstream: { url: variable("X") } }] }],
    [{ services: { orders: { upstream: { url: { variable: 1 } }, clusters: [variable("X")] } } }],
    [variable("X")],
    [null],
  ])("in a configuration that is none throws nothing: %j", (input) => {
    expect(resolveGateway(input).ok).toBe(false);
  });

  it("in a filter's configuration that contains itself, or is too deep, throws nothing", () => {
    const cyclic: Record<string, unknown> = { url: variable("AUTH_URL") };
    cyclic.self = cyclic;
    expect(resolveGateway({ services: { orders: otherService({ configuration: cyclic }) } }).ok).toBe(false);
  });
});

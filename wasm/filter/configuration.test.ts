/** An invalid configuration does not start, and the log names the invalid field and the allowed values. */
import { describe, expect, it } from "vitest";
import { FilterStartError } from "../host/index.ts";
import { configuration, forwardAuth, Harness, type Json, outcome } from "./testing/harness.ts";

/** The log of a start that fails. */
function complaint(plugin: { [name: string]: Json } | string): string {
  const lines: string[] = [];
  class Listening extends Harness {
    override log(_level: unknown, message: string): void {
      lines.push(message);
    }
  }
  expect(() => new Listening(plugin)).toThrow(FilterStartError);
  return lines.join("\n");
}

const without = (field: string): { [name: string]: Json } => {
  const { [field]: _, ...rest } = configuration();
  return rest;
};

const protocol = (changes: { [name: string]: Json }): { [name: string]: Json } =>
  configuration({ protocol: forwardAuth(changes) });

const INTROSPECTION = {
  ...{ type: "introspection", cluster: "auth", authority: "as", path: "/i", timeoutMs: 1000 },
  clientAuthentication: { type: "none" },
};

describe("a configuration", () => {
  it.each<[string, string, string]>([
    ["that is empty", "", "must be JSON"],
    ["of garbage", "not json", "configuration must be"],
    ["of a list", "[]", "configuration must be"],
    ["cut short", JSON.stringify(configuration()).slice(0, -1), "must be valid JSON"],
    ["followed by something", `${JSON.stringify(configuration())}x`, "must be valid JSON"],
    ["of nothing", "{}", "configuration: service is missing"],
    ["nested too deeply", `{"x":${"[".repeat(5_000)}`, "must be valid JSON"],
    ["with a field given twice", '{"service":"a","service":"b"}', "configuration: service must be given once"],
  ])("%s is refused", (_, plugin, expected) => {
    expect(complaint(plugin)).toContain(expected);
  });

  it.each(["service", "configVersion", "digestKey", "realm", "credentials", "protocol", "cache"])(
    "without %s is refused",
    (field) => {
      expect(complaint(without(field))).toBe(`configuration: ${field} is missing`);
    },
  );

  it.each<[string, { [name: string]: Json }]>([
    ["service must not be empty", configuration({ service: "" })],
    ["service must be a text", configuration({ service: 7 })],
    ["digestKey must be 32 hexadecimal digits", configuration({ digestKey: "00" })],
    ["digestKey must be 32 hexadecimal digits", configuration({ digestKey: "x".repeat(32) })],
    ["digestKey must be 32 hexadecimal digits", configuration({ digestKey: 5 })],
    ["realm must be a text", configuration({ realm: "a\nb" })],
    ["failOpen must be true or false", configuration({ failOpen: "yes" })],
    ["credentials must be a list", configuration({ credentials: {} })],
    ["credentials must name at least one source", configuration({ credentials: [] })],
    [
      "credentials[1].from must be authorization, header or cookie",
      configuration({ credentials: [{ from: "authorization" }, { from: "body" }] }),
    ],
    ["credentials[0].name is missing", configuration({ credentials: [{ from: "cookie" }] })],
    ["credentials[0].name must be a token", configuration({ credentials: [{ from: "header", name: "x y" }] })],
    [
      "credentials[0].schemes must be a list of bearer and basic",
      configuration({ credentials: [{ from: "authorization", schemes: ["digest"] }] }),
    ],
    [
      "credentials[0].schemes must name bearer, basic or both",
      configuration({ credentials: [{ from: "authorization", schemes: [] }] }),
    ],
    ["protocol.type must be forward-auth, introspection, authzen or opa", protocol({ type: "ldap" })],
    ["protocol.cluster must not be empty", protocol({ cluster: "" })],
    ["protocol.path must be a path", protocol({ path: "check" })],
    ["protocol.path must be a path", protocol({ path: "/a b" })],
    ["protocol.authority must be a host name", protocol({ authority: "a b" })],
    ["protocol.timeoutMs must be a whole number", protocol({ timeoutMs: 0 })],
    ["protocol.timeoutMs must be a whole number", protocol({ timeoutMs: 1.5 })],
    ["protocol.timeoutMs must be a whole number", protocol({ timeoutMs: "1000" })],
    ["protocol.uri must be", protocol({ uri: "query" })],
    ["protocol.method must be a token", protocol({ method: "GET /x" })],
    ["protocol.requestHeaders must be a header name", protocol({ requestHeaders: ["a b"] })],
    [
      "protocol.requestHeaders must name at most 32",
      protocol({ requestHeaders: Array.from({ length: 33 }, (_, i) => `x-${i}`) }),
    ],
    ["protocol.upstreamHeaders must be a header name", protocol({ upstreamHeaders: [":path"] })],
    [
      "protocol.upstreamHeaders must name at most 32",
      protocol({ upstreamHeaders: Array.from({ length: 33 }, (_, i) => `x-${i}`) }),
    ],
    [
      "protocol.upstreamClaims is of introspection only",
      protocol({ upstreamClaims: [{ path: ["sub"], header: "x-user" }] }),
    ],
    ["protocol.headers must have header names", protocol({ headers: { "a b": "c" } })],
    ["protocol.headers.value must be a text", protocol({ headers: { a: "b\r\nc: d" } })],
    ["protocol.subject is of authzen and opa only", protocol({ subject: INTROSPECTION })],
    [
      "protocol.clientAuthentication is missing",
      configuration({ protocol: { ...INTROSPECTION, clientAuthentication: undefined as never } }),
    ],
    [
      "protocol.clientAuthentication.type must be",
      configuration({ protocol: { ...INTROSPECTION, clientAuthentication: { type: "mtls" } } }),
    ],
    [
      "protocol.clientAuthentication.secret is missing",
      configuration({ protocol: { ...INTROSPECTION, clientAuthentication: { type: "basic", id: "a" } } }),
    ],
    [
      "protocol.clientAuthentication.token must not be empty",
      configuration({ protocol: { ...INTROSPECTION, clientAuthentication: { type: "bearer", token: "" } } }),
    ],
    [
      "protocol.upstreamClaims[0].header must be a header name",
      configuration({ protocol: { ...INTROSPECTION, upstreamClaims: [{ path: ["sub"], header: "x user" }] } }),
    ],
    [
      "protocol.subject.path is missing",
      configuration({
        protocol: { ...forwardAuth({ type: "opa" }), subject: { cluster: "a", authority: "a", timeoutMs: 1 } },
      }),
    ],
    [
      "cache.maxTtlMs must be a whole number of milliseconds from 0 to 86400000",
      configuration({ cache: { maxTtlMs: -1, denyTtlMs: 0, maxBytes: 1e6 } }),
    ],
    ["cache.denyTtlMs is missing", configuration({ cache: { maxTtlMs: 1, maxBytes: 1e6 } })],
    [
      "cache.maxBytes must be a whole number of bytes",
      configuration({ cache: { maxTtlMs: 1, denyTtlMs: 0, maxBytes: 5 } }),
    ],
    ["rules[1].name is missing", configuration({ rules: [{ name: "a" }, {}] })],
    ["rules[1].name must be of one rule only", configuration({ rules: [{ name: "a" }, { name: "a" }] })],
    ["rules[0].scopes must be a list of scope tokens", configuration({ rules: [{ name: "a", scopes: ["a b"] }] })],
    ["rules[0].permission must not be empty", configuration({ rules: [{ name: "a", permission: "" }] })],
  ])("is refused if %s", (expected, plugin) => {
    expect(complaint(plugin)).toContain(`configuration: ${expected}`);
  });

  it("with unknown fields starts: a newer gateway may configure an older filter", async () => {
    const harness = new Harness(configuration({ future: { deep: [1, null, { a: "b" }] } }));
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("continue");
  });

  it("with 4,096 rules starts, and each rule is found", async () => {
    const rules = Array.from({ length: 4096 }, (_, i) => ({
      name: `rule-${i}`,
      scopes: [`scope:${i}`],
      permission: "x".repeat(100),
    }));
    const harness = new Harness(configuration({ rules }));
    for (const i of [0, 1, 2047, 4095]) {
      await harness.ask({ token: "abc", rule: `rule-${i}` });
      expect(harness.lastCall().header("x-ebb-scopes")).toBe(`scope:${i}`);
    }
    expect(outcome(await harness.ask({ token: "abc", rule: "rule-4096" }))).toBe("503 unknown_rule");
  });
});

describe("rules on scopes and claims", () => {
  const ruled = (rule: { [name: string]: Json }) =>
    configuration({ protocol: INTROSPECTION, rules: [{ name: "a", ...rule }] });
  const condition = (changes: Json) => ruled({ claims: [changes] });
  const many = (count: number) => Array.from({ length: count }, (_, n) => `c${n}`);

  it.each<[{ [name: string]: Json }, string]>([
    [ruled({ scopes: { anyOf: [] } }), "rules[0].scopes must not be empty: no token would pass"],
    [ruled({ scopes: {} }), "rules[0].scopes must not be empty: no token would pass"],
    [ruled({ scopes: { anyOf: ["a b"] } }), "rules[0].scopes must be a list of scope tokens"],
    [ruled({ scopes: { anyOf: ["a"], allOf: ["b"] } }), "rules[0].scopes must be a list or have anyOf"],
    [ruled({ scopes: "a" }), "rules[0].scopes must be a list"],
    [ruled({ claims: {} }), "rules[0].claims must be a list"],
    [condition("role"), "rules[0].claims[0] must be an object"],
    [condition({ oneOf: ["a"] }), "rules[0].claims[0].path is missing"],
    [condition({ path: ["a"] }), "rules[0].claims[0] must have path and either oneOf or includes"],
    [
      condition({ path: ["a"], oneOf: ["a"], includes: "a" }),
      "rules[0].claims[0] must have path and either oneOf or includes",
    ],
    [
      condition({ path: ["a"], oneOf: ["a"], not: ["b"] }),
      "rules[0].claims[0] must have path and either oneOf or includes",
    ],
    [condition({ path: [], oneOf: ["a"] }), "rules[0].claims[0].path must not be empty"],
    [condition({ path: [""], oneOf: ["a"] }), "rules[0].claims[0].path must not be empty"],
    [condition({ path: "a", oneOf: ["a"] }), "rules[0].claims[0].path must be a list"],
    [condition({ path: [7], oneOf: ["a"] }), "rules[0].claims[0].path must be a text"],
    [condition({ path: many(9), oneOf: ["a"] }), "rules[0].claims[0].path is too much"],
    [condition({ path: ["a"], oneOf: [] }), "rules[0].claims[0].oneOf must not be empty"],
    [condition({ path: ["a"], oneOf: "a" }), "rules[0].claims[0].oneOf must be a list"],
    [condition({ path: ["a"], oneOf: [null] }), "rules[0].claims[0].oneOf must be text, number or boolean"],
    [condition({ path: ["a"], oneOf: [["a"]] }), "rules[0].claims[0].oneOf must be text, number or boolean"],
    [condition({ path: ["a"], oneOf: [""] }), "rules[0].claims[0].oneOf must not be empty"],
    [condition({ path: ["a"], oneOf: many(51) }), "rules[0].claims[0].oneOf is too much"],
    [condition({ path: ["a"], includes: ["a"] }), "rules[0].claims[0].includes must be text, number or boolean"],
    [condition({ path: ["a"], includes: {} }), "rules[0].claims[0].includes must be text, number or boolean"],
    [
      condition({ path: ["a"], includes: "x".repeat(8_193) }),
      "rules[0].claims[0].includes must be text, number or boolean",
    ],
    [ruled({ claims: many(17).map((name) => ({ path: [name], oneOf: [1] })) }), "claims[16] is too much"],
  ])("are refused: %j", (plugin, message) => {
    expect(complaint(plugin)).toContain(`configuration: `);
    expect(complaint(plugin)).toContain(message);
  });

  it("are of introspection only, whatever comes first in the configuration", () => {
    const message = "claims is of introspection only";
    const claims = [{ path: ["a"], oneOf: ["a"] }];
    for (const type of ["forward-auth", "authzen", "opa"]) {
      expect(complaint(configuration({ protocol: forwardAuth({ type }), rules: [{ name: "a", claims }] }))).toContain(
        message,
      );
      const { rules, ...rest } = configuration({ rules: [{ name: "a", scopes: { anyOf: ["a"] } }] });
      expect(complaint({ rules: rules!, ...rest })).toContain(message);
    }
  });

  it("may fill all their places", async () => {
    const claims = many(16).map((name) => ({ path: [...many(7), name], oneOf: many(50) }));
    const harness = new Harness(ruled({ claims }));
    expect(outcome(await harness.ask({ token: "abc", rule: "a" }))).toContain("503");
  });
});

describe("expectations of an introspection reply", () => {
  const expecting = (expect: Json) => configuration({ protocol: { ...INTROSPECTION, expect } });

  it.each<[Json, string]>([
    ["aud", "protocol.expect must be a list"],
    [["aud"], "protocol.expect[0] must be an object"],
    [[{ claim: "aud" }], "protocol.expect[0].anyOf is missing"],
    [[{ anyOf: ["a"] }], "protocol.expect[0].claim is missing"],
    [[{ claim: "aud", anyOf: [] }], "protocol.expect[0].anyOf must not be empty"],
    [[{ claim: "aud", anyOf: [""] }], "protocol.expect[0].anyOf must not be empty"],
    [[{ claim: "aud", anyOf: [7] }], "protocol.expect[0].anyOf must be a text"],
    [[{ claim: "aud", anyOf: "a" }], "protocol.expect[0].anyOf must be a list"],
    [Array.from({ length: 9 }, (_, n) => ({ claim: `c${n}`, anyOf: ["a"] })), "at most 8 claims"],
  ])("cannot be %j", (expect_, message) => {
    expect(complaint(expecting(expect_))).toContain(message);
  });

  it("are of introspection only", () => {
    expect(complaint(protocol({ expect: [] }))).toContain("expect is of introspection only");
  });
});

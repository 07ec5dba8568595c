import { describe, expect, it } from "vitest";
import { CONFIG_LIMITS } from "./configuration-limits.ts";
import { builtInService, gatewayOf, otherService, problemsOf, serviceOf } from "./testing/inputs.ts";

const kindOf = (fields: Record<string, unknown>) => serviceOf(otherService(fields)).filterKind;
const problemsWith = (fields: Record<string, unknown>) =>
  problemsOf({ services: { orders: otherService(fields) } }).map((problem) => problem.replace("services.orders.", ""));

describe("the properties of a filter", () => {
  it("are none by default, and lose the xds. before them", () => {
    expect(kindOf({})).toMatchObject({ properties: {} });
    const properties = { "xds.cluster_name": "a", route_name: "b", "node.metadata.NAME": "", listener_direction: 1 };
    expect(kindOf({ properties })).toMatchObject({
      properties: { cluster_name: "a", route_name: "b", "node.metadata.NAME": "", listener_direction: 1 },
    });
    expect(problemsWith({ properties: { mtls: true, "a.b": 0.5 } })).toEqual([]);
  });

  it.each([
    "request.headers.x-user",
    "request.protocol",
    "xds.request.path",
    "response.code",
    "source.address",
    "connection.mtls",
    "ebb.client_group",
    "plugin_root_id",
    "plugin_vm_id",
  ])("cannot have %s, which the gateway answers or no constant can stand for", (path) => {
    const problems = problemsWith({ properties: { [path]: "x" } });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("another path, because");
  });

  it.each(["", ".", "a..b", ".a", "a.", "a\0b", "xds.", "n".repeat(CONFIG_LIMITS.maxTextLength + 1)])(
    "cannot have the path %j",
    (path) => expect(problemsWith({ properties: { [path]: "x" } })).toHaveLength(1),
  );

  it.each([
    null,
    {},
    ["a"],
    Number.NaN,
    1e20,
    -(2 ** 53),
    Number.POSITIVE_INFINITY,
    "x".repeat(CONFIG_LIMITS.maxPropertyLength + 1),
  ])("cannot have a value like %s", (value) => expect(problemsWith({ properties: { name: value } })).toHaveLength(1));

  it("have each path once, and are not too many", () => {
    expect(problemsWith({ properties: { route_name: "a", "xds.route_name": "b" } })).toHaveLength(1);
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`p${n}`, ""]));
    expect(problemsWith({ properties: many(CONFIG_LIMITS.maxProperties) })).toEqual([]);
    expect(problemsWith({ properties: many(CONFIG_LIMITS.maxProperties + 1) })).toHaveLength(1);
    expect(problemsWith({ properties: JSON.parse('{"__proto__":"x"}') })).toHaveLength(1);
  });
});

describe("the level from which a filter's lines are logged", () => {
  it("is info by default", () => {
    expect(kindOf({})).toMatchObject({ logLevel: "info" });
    expect(kindOf({ logLevel: "off" })).toMatchObject({ logLevel: "off" });
  });

  it("is one of seven", () => {
    for (const logLevel of ["warning", "INFO", 3, null]) expect(problemsWith({ logLevel })).toHaveLength(1);
  });
});

it("the built-in filter has neither", () => {
  for (const field of [{ logLevel: "warn" }, { properties: {} }]) {
    expect(problemsOf({ services: { orders: builtInService(field) } })[0]).toContain("only with a configuration");
  }
});

it("both are part of the version", () => {
  const versions = [{}, { logLevel: "warn" }, { properties: { route_name: "a" } }, { properties: { route_name: "b" } }];
  const of = (fields: Record<string, unknown>) => gatewayOf({ orders: otherService(fields) }).version;
  expect(new Set(versions.map(of)).size).toBe(versions.length);
  expect(of({ logLevel: "info", properties: {} })).toBe(of({}));
});

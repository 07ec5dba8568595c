import { describe, expect, it } from "vitest";
import { findDescribed } from "./resource-metadata.ts";
import { builtInService, gatewayOf, otherService, problemsOf } from "./testing/inputs.ts";
import { warningsOf } from "./warnings.ts";

const WELL_KNOWN = "/.well-known/oauth-protected-resource";
const resource = { authorizationServers: ["https://login.example"] };
const described = (route: object, fields: object = {}) => builtInService({ route, resource, ...fields });

describe("a service's metadata", () => {
  const gateway = gatewayOf(
    {
      site: builtInService({ route: { prefix: "/" } }),
      orders: described({ prefix: "/orders" }),
      deep: described({ prefix: "/orders/admin" }),
      named: described({ hosts: ["mcp.example", "*.mcp.example"], prefix: "/" }),
      silent: builtInService({ route: { hosts: ["silent.example"], prefix: "/orders" } }),
    },
    { operator: { host: "ops.example" } },
  );

  it.each([
    ["api.example", `${WELL_KNOWN}/orders`, "orders"],
    ["api.example", `${WELL_KNOWN}/orders/admin`, "deep"],
    ["MCP.example.:8443", WELL_KNOWN, "named"],
    ["a.b.mcp.example", WELL_KNOWN, "named"],
    // Only the path that the prefix makes, in one spelling.
    ["api.example", `${WELL_KNOWN}/orders/`, undefined],
    ["api.example", `${WELL_KNOWN}/orders/1`, undefined],
    ["api.example", `${WELL_KNOWN}/Orders`, undefined],
    ["api.example", `${WELL_KNOWN}orders`, undefined],
    ["api.example", `/x${WELL_KNOWN}/orders`, undefined],
    ["mcp.example", `${WELL_KNOWN}/`, undefined],
    ["mcp.example", `${WELL_KNOWN}X`, undefined],
    // No metadata of a service that has none, nor of another host's.
    ["api.example", WELL_KNOWN, undefined],
    ["silent.example", `${WELL_KNOWN}/orders`, undefined],
    ["mcp.example", `${WELL_KNOWN}/orders`, undefined],
    ["ops.example", `${WELL_KNOWN}/orders`, undefined],
  ])("on %s at %s: %s", (host, path, name) => {
    expect(findDescribed(gateway, host, path)?.name).toBe(name);
  });
});

describe("metadata and routes", () => {
  const problems = (services: object, operator: object = {}) => problemsOf({ operator, services });

  it("refuse a route that the metadata would leave nothing of, on the same hosts", () => {
    const orders = described({ prefix: "/orders" });
    const taken = { prefix: `${WELL_KNOWN}/orders` };
    expect(problems({ orders, taken: builtInService({ route: taken }) })).toEqual([
      expect.stringMatching(/^services\.taken\.route\.prefix: .*services\.orders\.resource/),
    ]);
    expect(problems({ orders, taken: builtInService({ route: { ...taken, hosts: ["a.example"] } }) })).toEqual([]);
    expect(problems({ orders, below: builtInService({ route: { prefix: `${WELL_KNOWN}/others` } }) })).toEqual([]);
  });

  it("refuse a rule for the path of metadata, which would protect or open nothing", () => {
    const rules = [{ path: `${WELL_KNOWN}/orders`, public: true }];
    const site = builtInService({ route: { prefix: "/" }, rules });
    expect(problems({ site, orders: described({ prefix: "/orders" }) })).toEqual([
      expect.stringMatching(
        /^services\.site\.rules\[0\]\.path: .*where the gateway publishes services\.orders\.resource/,
      ),
    ]);
    expect(problems({ site, orders: builtInService({ route: { prefix: "/orders" } }) })).toEqual([]);
    expect(problems({ site, orders: described({ prefix: "/orders", hosts: ["a.example"] }) })).toEqual([]);
    const own = described({ prefix: "/" }, { rules: [{ path: WELL_KNOWN, public: true }] });
    expect(problems({ own })).toEqual([expect.stringMatching(/^services\.own\.rules\[0\]\.path: /)]);
  });

  it.each([{ prefix: "/.well-known" }, { metricsPath: `${WELL_KNOWN}/orders` }])(
    "refuse operator's pages that would hide the metadata: %j",
    (operator) => {
      expect(problems({ orders: described({ prefix: "/orders" }) }, operator)).toEqual([
        expect.stringMatching(/^services\.orders\.resource: .*operator's pages/),
      ]);
    },
  );
});

describe("the settings of a resource", () => {
  const problems = (value: unknown, service = builtInService) =>
    problemsOf({ services: { orders: service({ resource: value }) } });

  it.each([
    resource,
    { authorizationServers: ["https://login.example/", "https://login.example:8443/realms/a"] },
    { ...resource, scopes: ["orders:read", "https://scope.example/a"], name: "Bestellungen: größer \u{1f600}" },
    { ...resource, documentation: "https://docs.example/orders?lang=en#start" },
  ])("may be %j", (value) => {
    expect(problems(value)).toEqual([]);
    expect(problems(value, otherService)).toEqual([]);
  });

  it.each([
    {},
    { authorizationServers: [] },
    { authorizationServers: ["login.example"] },
    { authorizationServers: ["https://login.example?a=b"] },
    { authorizationServers: ["https://login.example#a"] },
    { authorizationServers: ["https://user@login.example"] },
    { authorizationServers: ["https://login.example\n"] },
    { authorizationServers: ["ftp://login.example"] },
    { ...resource, scopes: [] },
    { ...resource, scopes: ['a"b'] },
    { ...resource, scopes: ["a b"] },
    { ...resource, name: "" },
    { ...resource, name: "a\nb" },
    { ...resource, documentation: "javascript:alert(1)" },
    { ...resource, identifier: "https://api.example" },
    "https://login.example",
  ])("cannot be %j", (value) => {
    expect(problems(value)).toHaveLength(1);
  });

  it("may have its servers from the environment", () => {
    expect(problems({ authorizationServers: [{ variable: "ISSUER" }] })).toEqual([]);
    expect(problems({ ...resource, name: { variable: "NAME" } })).not.toEqual([]);
  });
});

describe("a warning", () => {
  const warnings = (fields: object) =>
    warningsOf(gatewayOf({ orders: described({ prefix: "/orders" }, fields) })).filter((text) =>
      text.includes(".resource"),
    );
  const issuers = [{ issuer: "https://login.example/", audience: "orders" }];

  it("is given for a server whose tokens the service refuses, to the character", () => {
    expect(warnings({ authorization: { protocol: "jwt", issuers } })).toEqual([
      expect.stringMatching(/sent to https:\/\/login\.example, whose tokens are refused/),
    ]);
    const same = { authorizationServers: ["https://login.example/"] };
    expect(warnings({ authorization: { protocol: "jwt", issuers }, resource: same })).toEqual([]);
    expect(warnings({})).toEqual([]);
  });

  it("is given for a server without encryption, and for clients that send no Bearer token", () => {
    expect(warnings({ resource: { authorizationServers: ["http://login.example"] } })).toEqual([
      expect.stringMatching(/resource\.authorizationServers: .*not encrypted/),
    ]);
    expect(warnings({ credentials: [{ from: "authorization", schemes: ["ApiKey"] }] })).toEqual([
      expect.stringMatching(/no challenge names the metadata/),
    ]);
  });
});

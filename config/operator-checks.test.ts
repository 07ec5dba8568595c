import { describe, expect, it } from "vitest";
import { builtInService, gatewayOf, problemsOf } from "./testing/inputs.ts";

const problems = (operator: unknown, keySecret = "EBB_KEY") =>
  problemsOf({
    operator,
    keySecret,
    services: {
      orders: builtInService(),
      bills: builtInService({ route: { prefix: "/bills" }, upstream: { url: "https://bills.example" } }),
    },
  });

describe("the operator's host", () => {
  it.each(["ops.example.com", "OPS.example.com", "localhost", "192.0.2.1", "xn--bcher-kva.example"])(
    "may be %s",
    (host) => {
      expect(problems({ host })).toEqual([]);
    },
  );

  it.each([
    "",
    "*",
    "*.example.com",
    "ops.example.com:8443",
    "ops.example.com.",
    "https://ops.example.com",
    "ops.example.com/stats",
    "a@ops.example.com",
    "bücher.example",
    " ops.example.com",
    `${"a".repeat(64)}.`.repeat(20),
    ["ops.example.com"],
    null,
    { variable: "OPS_HOST" },
  ])("cannot be %j", (host) => {
    expect(problems({ host })).toEqual([expect.stringMatching(/^operator\.host: /)]);
  });
});

describe("a token for single services", () => {
  const token = (secret: string, ...services: unknown[]) => ({ secret, services });

  it("names its secret and its services", () => {
    const tokens = [token("ORDERS_TEAM_TOKEN", "orders"), token("FINANCE_TOKEN", "orders", "bills")];
    expect(problems({ tokens })).toEqual([]);
    expect(gatewayOf({ orders: builtInService() }, { operator: { tokens: [tokens[0]] } }).operator.tokens).toEqual([
      tokens[0],
    ]);
  });

  it("must name services that exist, each once, and at least one", () => {
    expect(problems({ tokens: [token("A", "orders", "order", "constructor", "bills", "bills")] })).toEqual([
      expect.stringMatching(/^operator\.tokens\[0\]\.services\[1\]: found "order"; .*did you mean "orders"/),
      expect.stringMatching(/^operator\.tokens\[0\]\.services\[2\]: found "constructor"; allowed: "orders" or "bills"/),
      expect.stringMatching(/^operator\.tokens\[0\]\.services\[4\]: .*each service once/),
    ]);
    expect(problems({ tokens: [token("A")] })).toEqual([expect.stringMatching(/services: found an empty list/)]);
    expect(problems({ tokens: [{ secret: "A" }] })).toEqual([expect.stringMatching(/tokens\[0\]\.services: /)]);
    expect(problems({ tokens: [{ services: ["orders"] }] })).toEqual([expect.stringMatching(/tokens\[0\]\.secret: /)]);
    expect(problems({ tokens: [token("A", 1, "*")] })).toHaveLength(2);
  });

  it("must have a secret of its own", () => {
    const twice = { tokens: [token("A", "orders"), token("A", "bills")] };
    expect(problems(twice)).toEqual([expect.stringMatching(/^operator\.tokens\[1\]\.secret: .*a secret of its own/)]);
    for (const secret of ["OPERATOR_TOKEN", "EBB_KEY"]) {
      expect(problems({ tokens: [token(secret, "orders")] })).toEqual([
        expect.stringMatching(/^operator\.tokens\[0\]\.secret: /),
      ]);
    }
  });

  it("must not stand in the file, and one that does is not repeated in the message", () => {
    const [problem, ...others] = problems({ tokens: [token("sixteen-letters!", "orders")] });
    expect(problem).toMatch(/^operator\.tokens\[0\]\.secret: found a text of 16 characters/);
    expect([problem, ...others].join()).not.toContain("sixteen-letters!");
  });
});

describe("the path of a page outside the prefix", () => {
  it.each(["/metrics", "/ops/metrics", "/.well-known/metrics", false])("may be %j", (path) => {
    expect(problems({ metricsPath: path })).toEqual([]);
    expect(problems({ metricsPath: false, healthPath: path })).toEqual([]);
  });

  it.each(["", "/", "metrics", "/metrics/", "/a//b", "/a/../b", "/m%65trics", "/metrics?x", "/mé", true, null, 1])(
    "cannot be %j",
    (path) => {
      expect(problems({ metricsPath: path })).toEqual([expect.stringMatching(/^operator\.metricsPath: /)]);
      expect(problems({ healthPath: path })).toEqual([expect.stringMatching(/^operator\.healthPath: /)]);
    },
  );

  it("cannot be another page's path", () => {
    for (const metricsPath of ["/stats", "/stats/restart"]) {
      expect(problems({ metricsPath })).toEqual([expect.stringMatching(/^operator\.metricsPath: .*operator\.prefix/)]);
    }
    expect(problems({ metricsPath: "/up", healthPath: "/up" })).toEqual([
      expect.stringMatching(/^operator\.healthPath: .*operator\.metricsPath/),
    ]);
    expect(problems({ healthPath: "/metrics" })).toHaveLength(1);
    expect(problems({ metricsPath: "/healthz" })).toHaveLength(1);
    expect(problems({ metricsPath: "/healthz", healthPath: false })).toEqual([]);
  });

  it("is not there by default if the prefix has it already", () => {
    const { operator } = gatewayOf({ orders: builtInService() }, { operator: { prefix: "/metrics" } });
    expect(operator).toMatchObject({ metricsPath: false, healthPath: "/healthz" });
  });
});

it("no service may read its credential from the operator's cookie", () => {
  const credentials = [{ from: "cookie", name: "__Host-ebb-operator" }];
  expect(problemsOf({ services: { orders: builtInService({ credentials }) } })).toEqual([
    expect.stringMatching(/^services\.orders\.credentials\[0\]\.name: .*the operator's/),
  ]);
});

import { describe, expect, it } from "vitest";
import { builtInService, problemsOf } from "./testing/inputs.ts";

const problems = (services: Record<string, object>) =>
  problemsOf({
    services: Object.fromEntries(
      Object.entries(services).map(([name, fields]) => [name, builtInService({ ...fields })]),
    ),
  });

describe("routes of several services", () => {
  it("may not be two spellings of one path of one upstream", () => {
    const upper = { route: { prefix: "/Admin" } };
    const lower = { route: { prefix: "/admin" } };
    expect(problems({ upper, lower })).toEqual([
      expect.stringMatching(/^services\.lower\.route\.prefix: .*services\.upper/),
    ]);
    expect(problems({ upper, lower: { ...lower, upstream: { url: "https://another.example" } } })).toEqual([]);
    expect(problems({ upper: { ...upper, paths: "literal" }, lower: { ...lower, paths: "literal" } })).toEqual([]);
    expect(problems({ upper, lower: { route: { prefix: "/admin", hosts: ["a.example"] } } })).toEqual([]);
  });

  const admin = { route: { prefix: "/admin" } };
  const rules = [{ path: "/admin/users", scopes: ["a"] }];

  it("make rules invalid whose paths belong to another service", () => {
    expect(problems({ site: { route: { prefix: "/" }, rules }, admin })).toEqual([
      expect.stringMatching(/^services\.site\.rules\[0\]\.path: .*services\.admin/),
    ]);
    const onHost = { prefix: "/", hosts: ["a.example"] };
    expect(problems({ site: { route: onHost, rules }, admin })).toEqual([]);
    expect(
      problems({ site: { route: { prefix: "/" }, rules: [{ path: "/:any/users", scopes: ["a"] }] }, admin }),
    ).toEqual([]);
  });

  it("make rules invalid whose paths belong to the operator", () => {
    expect(problems({ site: { route: { prefix: "/" }, rules: [{ path: "/stats/*", scopes: ["a"] }] } })).toEqual([
      expect.stringMatching(/^services\.site\.rules\[0\]\.path: .*operator\.prefix/),
    ]);
  });

  it("make rules invalid whose path is a page of the operator outside its prefix", () => {
    const site = (path: string) => ({ site: { route: { prefix: "/" }, rules: [{ path, public: true }] } });
    expect(problems(site("/healthz"))).toEqual([
      expect.stringMatching(/^services\.site\.rules\[0\]\.path: .*operator\.healthPath "\/healthz".*false/),
    ]);
    expect(problems(site("/metrics"))).toEqual([expect.stringContaining("operator.metricsPath")]);
    for (const path of ["/metrics/*", "/healthz/deep", "/:any"]) expect(problems(site(path))).toEqual([]);
    const services = { site: builtInService(site("/healthz").site) };
    expect(problemsOf({ operator: { healthPath: false }, services })).toEqual([]);
    expect(problemsOf({ operator: { healthPath: "/up" }, services })).toEqual([]);
  });
});

describe("a route", () => {
  it.each(["/metrics", "/metrics/x", "/healthz", "/healthz/deep"])(
    "may not have the prefix %s, which a page of the operator has",
    (prefix) => {
      const found = problems({ orders: { route: { prefix } } });
      expect(found).toEqual([
        expect.stringMatching(/^services\.orders\.route\.prefix: found "\/.*operator\.(metrics|health)Path.*to false/),
      ]);
      const operator = { metricsPath: "/ops-metrics", healthPath: false };
      expect(problemsOf({ operator, services: { orders: builtInService({ route: { prefix } }) } })).toEqual([]);
    },
  );

  it("may begin with the same letters as such a page, or be above it", () => {
    for (const prefix of ["/metricsX", "/health", "/"]) expect(problems({ orders: { route: { prefix } } })).toEqual([]);
  });

  it("may not name the operator's host, but a wildcard may cover it", () => {
    const withHost = (...hosts: string[]) =>
      problemsOf({
        operator: { host: "ops.example.com" },
        services: { orders: builtInService({ route: { hosts, prefix: "/orders" } }) },
      });
    expect(withHost("a.example.com", "Ops.Example.com")).toEqual([
      expect.stringMatching(/^services\.orders\.route\.hosts\[1\]: found "ops\.example\.com"; .*operator\.host/),
    ]);
    expect(withHost("*.example.com")).toEqual([]);
  });
});

import { expect, it } from "vitest";
import { resolveGateway } from "../../config/index.ts";
import { explain } from "./explain.ts";

const resolved = resolveGateway({
  services: {
    orders: {
      route: { prefix: "/orders" },
      upstream: { url: "https://example.com" },
      authorization: { protocol: "jwt", issuers: [{ issuer: "https://login.example", audience: "any" }] },
      rules: [
        { path: "/orders/health", public: true },
        { path: "/orders/me" },
        { path: "/orders/:id", methods: ["DELETE", "PUT"], scopes: { anyOf: ["a", "b"] } },
        { path: "/orders/:id", claims: { role: "admin", groups: { includes: "x" } } },
        { path: "/orders/:id/notes" },
      ],
      unmatched: "deny",
    },
    invoices: {
      route: { prefix: "/invoices" },
      upstream: { url: "https://example.com" },
      authorization: { protocol: "jwt", issuers: [{ issuer: "https://login.example", audience: "any" }] },
    },
  },
});

function explained(method: string, target: string) {
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.problems));
  const { service, ruleIndex, need, text } = explain(resolved.gateway, { method, target }, "api.example.com");
  return [service?.name, ruleIndex, need, text];
}

it("names the rule that decides, even among rules that share a name", () => {
  expect(explained("GET", "/orders/health")).toEqual(["orders", 0, "public", "rules[0] /orders/health (public)"]);
  expect(explained("GET", "/orders/me?x=1")).toEqual(["orders", 1, "authorize", "rules[1] /orders/me"]);
  expect(explained("PUT", "/orders/1")).toEqual([
    "orders",
    2,
    "authorize",
    "rules[2] DELETE, PUT /orders/:id (one of the scopes a b)",
  ]);
  expect(explained("GET", "/orders/1")).toEqual([
    "orders",
    3,
    "authorize",
    'rules[3] /orders/:id (claim role ["admin"], claim groups includes "x")',
  ]);
  expect(explained("GET", "/orders/1/notes")).toEqual(["orders", 4, "authorize", "rules[4] /orders/:id/notes"]);
});

it("says why no rule decides", () => {
  expect(explained("GET", "/orders/1/2/3")).toEqual([
    "orders",
    undefined,
    "deny",
    'none matches, and unmatched is "deny"',
  ]);
  expect(explained("GET", "/invoices/1")).toEqual([
    "invoices",
    undefined,
    "authorize",
    'none matches, and unmatched is "authenticate"',
  ]);
  expect(explained("GET", "/orders//1")).toEqual(["orders", undefined, undefined, "none: double_slash_in_path"]);
  expect(explained("GET", "/Orders/1")).toEqual([
    undefined,
    undefined,
    undefined,
    "none: no service has this host and path",
  ]);
});

it("reads a path as strictly as the gateway does", () => {
  expect(explained("GET", "/orders/HEALTH")).toEqual(["orders", 3, "authorize", expect.stringContaining("rules[3]")]);
});

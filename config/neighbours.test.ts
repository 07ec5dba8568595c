import { expect, it } from "vitest";
import { findService } from "./find-service.ts";
import { belongsToNeighbour } from "./neighbours.ts";
import { builtInService, gatewayOf } from "./testing/inputs.ts";

const upstream = { url: "https://x.example" };
const open = [{ path: "/*", public: true }];
const site = { upstream, route: { prefix: "/" }, rules: open };
const admin = { upstream, route: { prefix: "/admin" } };

function isRefused(services: Record<string, object>, path: string): boolean {
  const gateway = gatewayOf(
    Object.fromEntries(Object.entries(services).map(([name, fields]) => [name, builtInService({ ...fields })])),
  );
  return belongsToNeighbour(gateway, findService(gateway, "a.example", path)!, "a.example", "GET", path);
}

it("a service with another upstream does not change which service protects a path of this one", () => {
  const elsewhere = { ...site, upstream: { url: "https://y.example" } };
  expect(isRefused({ site, admin, elsewhere: { ...elsewhere, route: { prefix: "/ADMIN" } } }, "/Admin/users")).toBe(
    true,
  );
  expect(
    isRefused({ site, admin, elsewhere: { ...elsewhere, route: { prefix: "/admin/users" } } }, "/Admin/users"),
  ).toBe(true);
  expect(isRefused({ site, elsewhere: { ...elsewhere, rules: [], route: { prefix: "/admin" } } }, "/Admin/users")).toBe(
    false,
  );
});

it("http and https URLs of one host lead to the same server", () => {
  for (const url of ["http://x.example", "https://x.example:443", "http://x.example./base"]) {
    expect(isRefused({ site: { ...site, upstream: { url } }, admin }, "/Admin/users")).toBe(true);
  }
  for (const url of ["https://x.example:8443", "https://xx.example"]) {
    expect(isRefused({ site: { ...site, upstream: { url } }, admin }, "/Admin/users")).toBe(false);
  }
});

it("a path that a neighbour makes public is not protected", () => {
  const rules = [{ path: "/admin/login", public: true }];
  expect(isRefused({ site, admin: { ...admin, rules } }, "/Admin/login")).toBe(false);
  expect(isRefused({ site, admin: { ...admin, rules } }, "/Admin/logout")).toBe(true);
});

it("a prefix with capitals protects the same path in lower case", () => {
  expect(isRefused({ site, admin: { ...admin, route: { prefix: "/Admin" } } }, "/admin/users")).toBe(true);
});

it("a file that a rule names is not the neighbour's", () => {
  const named = { ...site, rules: [{ path: "/admin.css", public: true }, ...open] };
  expect(isRefused({ site: named, admin }, "/admin.css")).toBe(false);
  expect(isRefused({ site: named, admin }, "/admin.js")).toBe(true);
});

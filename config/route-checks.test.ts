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
});

import { expect, it } from "vitest";
import { missingHeaders } from "./needed-headers.ts";

const service = { version: "new", neededHeaders: ["authorization", "x-tenant"] };

it("a question of the same configuration has all it needs", () => {
  expect(missingHeaders(service, { serviceVersion: "new" })).toBeUndefined();
});

it("a question of another configuration is asked again, with all that this one reads", () => {
  const needs = { kind: "needs_headers", headers: ["authorization", "x-tenant"] };
  expect(missingHeaders(service, { serviceVersion: "old" })).toEqual(needs);
  expect(missingHeaders(service, { serviceVersion: "old", sentHeaders: ["authorization"] })).toEqual(needs);
  const other = { version: "new", neededHeaders: "all" } as const;
  expect(missingHeaders(other, { serviceVersion: "old", sentHeaders: ["x"] })).toEqual({
    kind: "needs_headers",
    headers: "all",
  });
});

it("once they were looked for, nothing is missing", () => {
  const sentHeaders = ["x-tenant", "authorization", "cookie"];
  expect(missingHeaders(service, { serviceVersion: "old", sentHeaders })).toBeUndefined();
  expect(missingHeaders(service, { serviceVersion: "old", sentHeaders: "all" })).toBeUndefined();
});

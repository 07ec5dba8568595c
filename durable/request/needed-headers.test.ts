import { expect, it } from "vitest";
import { missingHeaders } from "./needed-headers.ts";

const service = { version: "new", neededHeaders: ["authorization", "x-tenant"] };

it("a request from the same configuration has all headers", () => {
  expect(missingHeaders(service, { serviceVersion: "new" })).toBeUndefined();
});

it("a request from another configuration is repeated with all headers that this one reads", () => {
  const needs = { kind: "needs_headers", headers: ["authorization", "x-tenant"] };
  expect(missingHeaders(service, { serviceVersion: "old" })).toEqual(needs);
  expect(missingHeaders(service, { serviceVersion: "old", sentHeaders: ["authorization"] })).toEqual(needs);
  const other = { version: "new", neededHeaders: "all" } as const;
  expect(missingHeaders(other, { serviceVersion: "old", sentHeaders: ["x"] })).toEqual({
    kind: "needs_headers",
    headers: "all",
  });
});

it("nothing is missing after the Worker has looked for all of them", () => {
  const sentHeaders = ["x-tenant", "authorization", "cookie"];
  expect(missingHeaders(service, { serviceVersion: "old", sentHeaders })).toBeUndefined();
  expect(missingHeaders(service, { serviceVersion: "old", sentHeaders: "all" })).toBeUndefined();
});

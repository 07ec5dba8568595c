import { expect, it } from "vitest";
import { hasEntrypoint, howToGetEntrypoint } from "./authorization-calls.ts";

it("is missing if the entry does not export it, and the log names the line to add", () => {
  for (const exports of [{}, { ServiceObject: {} }, undefined, null]) expect(hasEntrypoint(exports)).toBe(false);
  expect(hasEntrypoint({ AuthorizationCalls: () => {} })).toBe(true);
  expect(howToGetEntrypoint({})).toContain("export const AuthorizationCalls = gateway.AuthorizationCalls;");
});

it("needs a later compatibility date if the platform shows no exports, and the log says that too", () => {
  expect(howToGetEntrypoint(undefined)).toContain("export const AuthorizationCalls = gateway.AuthorizationCalls;");
  expect(howToGetEntrypoint(undefined)).toContain("compatibility_date of 2025-11-17 or later");
  expect(howToGetEntrypoint({})).not.toContain("compatibility_date");
});

import { describe, expect, it } from "vitest";
import { HEADER_NAME } from "./header-names.ts";
import { coversHeader, isOverridingHeader } from "./header-patterns.ts";
import { OVERRIDING_HEADERS } from "./overriding-headers.ts";

describe("a pattern", () => {
  it.each([
    ["x-user", "X-User", true],
    ["x-user", "x_user", true],
    ["X_User", "x-user", true],
    ["x-user", "x-users", false],
    ["x-auth-*", "x-auth-user", true],
    ["x-auth-*", "X_Auth_Groups", true],
    ["x-auth-*", "x-auth", false],
    ["x-auth-*", "x-authority", false],
  ])("%s covers %s: %s", (pattern, name, covers) => {
    expect(coversHeader([pattern], name)).toBe(covers);
  });
});

describe("a header in which a proxy passes facts about a request", () => {
  const rows = OVERRIDING_HEADERS.flatMap(({ why, names }) => names.map((name) => [name, why] as const));

  it.each(rows)("%s does not pass: %s", (name) => {
    const sent = name.replace("*", "anything");
    expect(isOverridingHeader(sent)).toBe(true);
    expect(isOverridingHeader(sent.toUpperCase().replaceAll("-", "_"))).toBe(true);
    expect(name.replace("*", "")).toMatch(HEADER_NAME);
  });

  it.each([
    "accept",
    "accept-language",
    "user-agent",
    "origin",
    "referer",
    "x-requested-with",
    "x-request-id",
    "x-correlation-id",
    "x-csrf-token",
    "x-xsrf-token",
    "x-api-key",
    "x-api-version",
    "x-tenant",
    "x-trace-id",
    "traceparent",
    "x-b3-traceid",
    "idempotency-key",
    "if-match",
    "x-nextjs-data",
    "x-amz-date",
    "x-amz-security-token",
    "x-goog-api-key",
    "x-ms-version",
    "x-client-version",
    "x-client-id",
    "x-auth-token",
    "x-access-token",
    "x-amzn-trace-id",
    "x-vercel-protection-bypass",
    "x-serverless-authorization",
    "x-sveltekit-action",
    "x-wap-profile",
    "x-cloud-trace-context",
    "fastly-debug",
    "cf-ray",
    "cf-connecting-ip",
    "sec-fetch-site",
    "dpop",
    "x-hub-signature-256",
  ])("%s is a header of ordinary clients and passes", (name) => {
    expect(isOverridingHeader(name)).toBe(false);
  });

  it("is in one family only", () => {
    const names = rows.map(([name]) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

import { describe, expect, it } from "vitest";
import { isIdentifyingHeader } from "./identifying-headers.ts";

describe("a header", () => {
  it.each([
    ...["authorization", "cookie", "x-api-key", "apikey", "x-authtoken", "x-auth-user", "x-access-token", "api-token"],
    ...[
      "cf-access-jwt-assertion",
      "cf-connecting-ip",
      "cf-ipcountry",
      "true-client-ip",
      "x-session-id",
      "x-csrf-token",
    ],
    ...[
      "x-user",
      "x-user-id",
      "x-tenant",
      "x-tenant-id",
      "x-org-id",
      "x-client-id",
      "x-clientid",
      "x-account",
      "x-role",
    ],
    ...[
      "x-amz-security-token",
      "x-goog-iam-authority-selector",
      "signature-input",
      "dpop",
      "x-on-behalf-of",
      "x-email",
    ],
    ...[
      "origin",
      "referer",
      "sec-fetch-site",
      "x-device-id",
      "x-password",
      "x-permissions",
      "x-scope",
      "idempotency-key",
    ],
  ])("that says who the client is or what it may do is known: %s", (name) => {
    expect(isIdentifyingHeader(name)).toBe(true);
  });

  it.each([
    ...["traceparent", "tracestate", "baggage", "b3", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "x-request-id"],
    ...["x-correlation-id", "x-amzn-trace-id", "x-cloud-trace-context", "uber-trace-id", "sentry-trace", "cf-ray"],
    ...["x-ms-client-request-id", "user-agent", "accept-language", "content-type", "x-app-version"],
  ])("that only follows or describes a request is not: %s", (name) => {
    expect(isIdentifyingHeader(name)).toBe(false);
  });
});

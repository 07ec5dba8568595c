import { describe, expect, it } from "vitest";
import { isRefusal, passesUnenforced } from "./report-only.ts";

describe("a refusal of a service that only reports", () => {
  const enforcement = { mode: "report-only", until: "2027-01-31", untilMs: 1_000 } as const;

  it("passes until the time is over", () => {
    expect(passesUnenforced(enforcement, 999)).toBe(true);
    expect(passesUnenforced(enforcement, 1_000)).toBe(false);
    expect(passesUnenforced({ mode: "enforce" }, 0)).toBe(false);
  });

  it.each([302, 400, 401, 403, 404, 429, 500, 503])(
    "may have the status %i of a filter that could read the request",
    (status) => {
      expect(isRefusal({ status, details: "denied" })).toBe(true);
    },
  );

  it.each([
    { status: 200, details: "" },
    { status: 400, details: "header_not_utf8" },
    { status: 431, details: "request_headers_too_large" },
  ])("is none if the filter said %j", (answer) => {
    expect(isRefusal(answer)).toBe(false);
  });
});

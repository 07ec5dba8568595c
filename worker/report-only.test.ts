import { describe, expect, it } from "vitest";
import { passesUnenforced } from "./report-only.ts";

const refusal = (status: number) => new Response(null, { status });

describe("a refusal of a service that only reports", () => {
  const enforcement = { mode: "report-only", until: "2027-01-31", untilMs: 1_000 } as const;

  it.each([401, 403, 429, 500, 502, 503])("with %i passes until the time is over", (status) => {
    expect(passesUnenforced(enforcement, refusal(status), 999)).toBe(true);
    expect(passesUnenforced(enforcement, refusal(status), 1_000)).toBe(false);
    expect(passesUnenforced({ mode: "enforce" }, refusal(status), 0)).toBe(false);
  });

  it.each([400, 404, 405, 413, 431, 302, 200])("with %i is none of a decision, and stays", (status) => {
    expect(passesUnenforced(enforcement, refusal(status), 0)).toBe(false);
  });
});

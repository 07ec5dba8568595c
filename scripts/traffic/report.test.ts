import { describe, expect, test } from "vitest";
import type { GatewayProgress } from "./gateway-stats.ts";
import { formatDuration, progressLine, summary } from "./report.ts";
import { Tally } from "./tally.ts";

const gateway: GatewayProgress = {
  now: {
    requests: 1200,
    hits: 1100,
    restarts: 1,
    allocatedBytes: 3 * 1024 * 1024,
    requiredBytes: 65_536,
    phase: "judging",
  },
  hitRate: 0.912,
  restarts: 1,
};

function tallyOf(...statuses: number[]): Tally {
  const tally = new Tally();
  for (const status of statuses) tally.record("allowed", { kind: "answered", status, latencyMs: 1 });
  return tally;
}

describe("the progress line", () => {
  test("shows requests, errors, hit rate, both memories and restarts", () => {
    const view = { elapsedMs: 65_000, totalMs: 600_000, ratePerSecond: 133.7, tally: tallyOf(200, 200, 503), gateway };
    expect(progressLine(view)).toBe(
      "01:05 of 10:00  134/s  3 requests  1 errors  hit rate 91.2 %  allocated 3.00 MiB  required 64 KiB  restarts 1  judging",
    );
  });

  test("shows missing numbers as missing", () => {
    const view = { elapsedMs: 0, totalMs: 600_000, ratePerSecond: 0, tally: new Tally() };
    const unknown = { ...gateway, hitRate: undefined, now: { ...gateway.now, requiredBytes: undefined } };
    expect(progressLine({ ...view, gateway: undefined })).toContain("no /stats");
    expect(progressLine({ ...view, gateway: unknown })).toContain("hit rate -  allocated 3.00 MiB  required -");
  });
});

describe("the summary", () => {
  test("lists every outcome and the gateway's own numbers", () => {
    const view = { elapsedMs: 65_000, totalMs: 65_000, ratePerSecond: 1, tally: tallyOf(503, 200, 200), gateway };
    expect(summary(view)).toBe(
      [
        "3 requests in 01:05, 1 errors (200: 2, 503: 1)",
        "latency: median 1.0 ms, 99 % within 1.0 ms",
        "gateway: hit rate 91.2 %, allocated 3.00 MiB, required 64 KiB, 1 restarts",
      ].join("\n"),
    );
  });

  test("admits what was not sent and what could not be read", () => {
    const tally = tallyOf(200);
    tally.skipped = 1500;
    const text = summary({ elapsedMs: 1, totalMs: 1, ratePerSecond: 1, tally, gateway: undefined });
    expect(text).toContain("1,500 requests were not sent");
    expect(text).toContain("OPERATOR_TOKEN");
  });
});

test.each([
  [-5, "00:00"],
  [59_999, "00:59"],
  [3_600_000, "1:00:00"],
  [90_061_000, "25:01:01"],
])("%i ms is %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

import { expect, it } from "vitest";
import { FailureLog } from "./failure-log.ts";

function logAt() {
  const clock = { nowMs: 1_000 };
  const lines: string[] = [];
  const log = new FailureLog(
    "orders",
    () => clock.nowMs,
    (line) => lines.push(line),
  );
  return { clock, lines, log };
}

it("names service, cluster, reason, status and time", () => {
  const { lines, log } = logAt();
  log.note({ cluster: "auth", reason: "unexpected status", status: 404, tookMs: 12.4 });
  log.note({ cluster: "auth", reason: "timeout", tookMs: 2_000 });
  expect(lines).toEqual([
    "orders: authorization_call_failed: cluster auth: unexpected status, status 404, 12 ms",
    "orders: authorization_call_failed: cluster auth: timeout, 2000 ms",
  ]);
});

it("writes one line a second for each kind, and how many it left out", () => {
  const { clock, lines, log } = logAt();
  for (let n = 0; n < 100; n += 1) log.note({ cluster: "auth", reason: "timeout" });
  log.note({ cluster: "other", reason: "timeout" });
  expect(lines).toHaveLength(2);
  clock.nowMs += 1_000;
  log.note({ cluster: "auth", reason: "timeout" });
  expect(lines.at(-1)).toMatch(/99 more like it since the last line$/);
  clock.nowMs += 1_000;
  log.note({ cluster: "auth", reason: "timeout" });
  expect(lines.at(-1)).not.toContain("more like it");
});

it("goes on after the clock was set back", () => {
  const { clock, lines, log } = logAt();
  log.note({ cluster: "auth", reason: "timeout" });
  clock.nowMs -= 500;
  log.note({ cluster: "auth", reason: "timeout" });
  expect(lines).toHaveLength(2);
});

import { expect, it } from "vitest";
import { FailureLog } from "./failure-log.ts";

const TIMEOUT = { event: "call_failed", service: "orders", cluster: "auth", reason: "timeout", status: null };

function logged() {
  const lines: unknown[] = [];
  const due: (() => void)[] = [];
  const log = new FailureLog(
    "orders",
    (line) => lines.push(JSON.parse(line)),
    (run) => due.push(run),
  );
  /** Ends the current second for every kind that has one. */
  const passSecond = () => {
    for (const run of due.splice(0)) run();
  };
  return { lines, due, log, passSecond };
}

it("names service, cluster, reason, status, time and request", () => {
  const { lines, log } = logged();
  log.note({ cluster: "auth", reason: "unexpected status", status: 404, tookMs: 12.4 });
  log.note({ cluster: "auth", reason: "timeout", tookMs: 2_000, cfRay: "8f1c2a3b4d5e6f70-FRA" });
  expect(lines).toEqual([
    { ...TIMEOUT, reason: "unexpected status", status: 404, tookMs: 12, cfRay: null },
    { ...TIMEOUT, tookMs: 2_000, cfRay: "8f1c2a3b4d5e6f70-FRA" },
  ]);
});

it("distinguishes kinds by cluster, reason and status", () => {
  const { lines, log } = logged();
  for (const failure of [
    { cluster: "auth", reason: "unexpected status", status: 404 },
    { cluster: "auth", reason: "unexpected status", status: 500 },
    { cluster: "auth", reason: "timeout" },
    { cluster: "other", reason: "timeout" },
  ]) {
    log.note(failure);
  }
  expect(lines).toHaveLength(4);
});

it("writes one line per second for each kind, with the number left out", () => {
  const { lines, log, passSecond } = logged();
  for (let n = 0; n < 100; n += 1) log.note({ cluster: "auth", reason: "timeout", tookMs: n });
  expect(lines).toEqual([{ ...TIMEOUT, tookMs: 0, cfRay: null }]);
  passSecond();
  log.note({ cluster: "auth", reason: "timeout", tookMs: 100 });
  expect(lines.slice(1)).toEqual([{ ...TIMEOUT, tookMs: 99, cfRay: null, leftOut: 98 }]);
});

it("counts the last failures even if no other follows, and then sets no more timers", () => {
  const { lines, due, log, passSecond } = logged();
  for (let n = 0; n < 3; n += 1) log.note({ cluster: "auth", reason: "timeout" });
  passSecond();
  expect(lines.at(-1)).toMatchObject({ leftOut: 1 });
  passSecond();
  expect([lines.length, due.length]).toEqual([2, 0]);
  log.note({ cluster: "auth", reason: "timeout" });
  expect(lines).toHaveLength(3);
});

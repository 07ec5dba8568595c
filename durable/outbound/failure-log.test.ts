import { expect, it } from "vitest";
import { FailureLog } from "./failure-log.ts";

function logged() {
  const lines: string[] = [];
  const due: (() => void)[] = [];
  const log = new FailureLog(
    "orders",
    (line) => lines.push(line),
    (run) => due.push(run),
  );
  /** Ends the current second for every kind that has one. */
  const passSecond = () => {
    for (const run of due.splice(0)) run();
  };
  return { lines, due, log, passSecond };
}

it("names service, cluster, reason, status and time", () => {
  const { lines, log } = logged();
  log.note({ cluster: "auth", reason: "unexpected status", status: 404, tookMs: 12.4 });
  log.note({ cluster: "auth", reason: "timeout", tookMs: 2_000 });
  expect(lines).toEqual([
    "orders: authorization_call_failed: cluster auth: unexpected status, status 404, 12 ms",
    "orders: authorization_call_failed: cluster auth: timeout, 2000 ms",
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
  expect(lines).toEqual(["orders: authorization_call_failed: cluster auth: timeout, 0 ms"]);
  passSecond();
  log.note({ cluster: "auth", reason: "timeout", tookMs: 100 });
  const last = "orders: authorization_call_failed: cluster auth: timeout, 99 ms, 98 more like it since the last line";
  expect(lines.slice(1)).toEqual([last]);
});

it("counts the last failures even if no other follows, and then sets no more timers", () => {
  const { lines, due, log, passSecond } = logged();
  for (let n = 0; n < 3; n += 1) log.note({ cluster: "auth", reason: "timeout" });
  passSecond();
  expect(lines.at(-1)).toMatch(/, 1 more like it since the last line$/);
  passSecond();
  expect([lines.length, due.length]).toEqual([2, 0]);
  log.note({ cluster: "auth", reason: "timeout" });
  expect(lines).toHaveLength(3);
});

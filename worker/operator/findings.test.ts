import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { builtInService, gatewayOf } from "../../config/testing/inputs.ts";
import type { ServiceReport } from "../../durable/directory/service-report.ts";
import { answeringCluster, isolateReport, NOW_MS, serviceReport } from "../../durable/directory/testing/reports.ts";
import { noOutcomes } from "../../durable/metrics/outcomes.ts";
import { FINDING_CODES } from "./findings/finding.ts";
import { findingsOf, isUnableToDecide } from "./findings.ts";
import type { GatewayReport, WindowReport } from "./gateway-report.ts";
import { reportOf } from "./testing/reports.ts";

const closed = gatewayOf({ orders: builtInService() });
const failsOpen = gatewayOf({ orders: builtInService({ failOpen: true }) });
const HOUR_MS = 3_600_000;

function found(
  fields: Partial<ServiceReport> & { window?: WindowReport },
  gateway = closed,
  report: Partial<GatewayReport> = {},
) {
  return findingsOf(reportOf({ services: [{ ...serviceReport(), ...fields }], ...report }), NOW_MS, gateway);
}

const server = (state: "suspected" | "silent" | "failing" | "unreachable") => ({
  clusters: { auth: answeringCluster({ state, sinceMs: NOW_MS - 120_000, failedProbes: 9 }) },
});
const failedStart = {
  failedStart: { reason: "secret_missing", filterReason: null, message: "secret X is not set", atMs: NOW_MS - 60_000 },
  failuresInARow: 4,
  nextStartAtMs: NOW_MS + 8_000,
};

function windowOf(counts: Partial<WindowReport["counts"]>, fields: Partial<WindowReport> = {}): WindowReport {
  const none = {
    requests: 0,
    decided: 0,
    hits: 0,
    allowed: 0,
    refused: 0,
    undecided: 0,
    failedOpen: 0,
    outbound: 0,
    restarts: 0,
    traps: 0,
  };
  return {
    windowMs: 900_000,
    fromMs: NOW_MS - 900_000,
    toMs: NOW_MS,
    counts: { ...none, ...counts },
    hitRate: null,
    clusters: {},
    ...fields,
  };
}

describe("findings", () => {
  it("has none of a gateway that is well", () => {
    expect(found({})).toEqual([]);
  });

  it("has none of services that wait for their first request", () => {
    expect(
      findingsOf(reportOf({ services: [{ name: "orders", waitingFor: "first_request" }] }), NOW_MS, closed),
    ).toEqual([]);
  });

  it.each([
    ["silent", "server_silent"],
    ["failing", "server_failing"],
    ["unreachable", "server_unreachable"],
  ] as const)("a server that is %s is down", (state, code) => {
    const [first] = found(server(state));
    expect(first).toMatchObject({ service: "orders", severity: "down", code });
    expect(first!.text).toMatch(/^The authorization server auth .* since 14:01 UTC/);
  });

  it("one call without an answer is none", () => {
    expect(found(server("suspected"))).toEqual([]);
  });

  it("an unreachable server is an open gate where the service fails open, and only then", () => {
    expect(found(server("unreachable"), failsOpen)).toMatchObject([{ code: "gate_open", severity: "down" }]);
    expect(found(server("silent"), failsOpen)).toMatchObject([{ code: "server_silent" }]);
  });

  it("a filter that does not start refuses everything, or opens the gate", () => {
    expect(found(failedStart)).toMatchObject([{ code: "filter_not_starting", severity: "down" }]);
    expect(found({ ...failedStart, failurePolicy: "open" })).toMatchObject([{ code: "gate_open", severity: "down" }]);
  });

  it("a filter that pauses after traps is down until its next start", () => {
    const paused = { failuresInARow: 3, nextStartAtMs: NOW_MS + 30_000 };
    expect(found(paused)).toMatchObject([{ code: "filter_paused" }]);
    expect(found({ ...paused, nextStartAtMs: NOW_MS - 1 })).toEqual([]);
  });

  it("says an old state with its time, and less loudly", () => {
    const [first] = found({ ...server("silent"), atMs: NOW_MS - HOUR_MS });
    expect(first).toMatchObject({ code: "server_silent", severity: "warning", atMs: NOW_MS - HOUR_MS });
    expect(first!.text).toMatch(
      /^As of 13:03 UTC \(60 minutes ago, nothing newer: it may be asleep\): the authorization server/,
    );
  });

  it("names the day where it was another one", () => {
    const [first] = found({ ...server("silent"), atMs: NOW_MS - 30 * HOUR_MS });
    expect(first!.text).toMatch(/^As of 2026-11-27 08:03 UTC \(30 hours ago/);
  });

  it("requests without a decision are a warning, many of them an outage, a few an accident", () => {
    const decisions = { ...noOutcomes(), undecided: { ...noOutcomes().undecided, keys_unavailable: 7 } };
    const of = (undecided: number) => found({ decisions, window: windowOf({ requests: 200, undecided }) });
    expect(of(4)).toEqual([]);
    expect(of(6)).toMatchObject([{ code: "undecided_often", severity: "warning" }]);
    expect(of(6)[0]!.text).toBe(
      "3% of the requests of the last 15 minutes got no decision (6 of 200); most often since counting began: the issuer's keys cannot be read (keys_unavailable).",
    );
    expect(of(150)).toMatchObject([{ severity: "down" }]);
    expect(found({ window: windowOf({ requests: 10_000, undecided: 50 }) })).toEqual([]);
  });

  it("of a service that sleeps, what its last window says is told with its time, one step less severe", () => {
    const decisions = { ...noOutcomes(), undecided: { ...noOutcomes().undecided, keys_unavailable: 150 } };
    const slow = { auth: { results: { "2xx": 40 }, p50Ms: 900, p95Ms: 2_400, waitP95Ms: 0 } };
    const window = windowOf({ requests: 200, undecided: 150, traps: 2 }, { clusters: slow });
    const asleep = found({ decisions, window, atMs: NOW_MS - HOUR_MS });
    expect(asleep).toMatchObject([
      { code: "undecided_often", severity: "warning" },
      { code: "server_slow", severity: "note" },
    ]);
    for (const { text } of asleep) expect(text).toMatch(/^As of 13:03 UTC \(60 minutes ago, nothing newer/);
  });

  it("a slow server is told from the window if there is one, else from all calls", () => {
    const latency = { counts: [0, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0, 0], sumMs: 60_000 };
    const clusters = { auth: answeringCluster({ calls: { results: { "2xx": 40 }, latency, wait: latency } }) };
    expect(found({ clusters })).toMatchObject([{ code: "server_slow", severity: "warning" }]);
    const quick = { auth: { results: { "2xx": 30 }, p50Ms: 4, p95Ms: 20, waitP95Ms: 0 } };
    expect(found({ clusters, window: windowOf({}, { clusters: quick }) })).toEqual([]);
    const slow = { auth: { ...quick.auth, p95Ms: 2_400 } };
    expect(found({ window: windowOf({}, { clusters: slow }) })[0]!.text).toContain(
      "took more than a second in the last 15 minutes",
    );
    // Each call may have taken 3 seconds: the quantile lies in a bucket from 2.5 to 5.
    const slower = { auth: { ...slow.auth, p95Ms: 4_800 } };
    expect(found({ window: windowOf({}, { clusters: slower }) })[0]!.text).toContain("took more than 2.5 seconds");
    expect(found({ window: windowOf({}, { clusters: { auth: { ...slow.auth, results: { "2xx": 5 } } } }) })).toEqual(
      [],
    );
  });

  it("calls that wait long are a warning", () => {
    expect(found({ clusters: { auth: answeringCluster({ waiting: 7, oldestWaitingMs: 1_500 }) } })).toMatchObject([
      { code: "calls_waiting" },
    ]);
    expect(found({ clusters: { auth: answeringCluster({ waiting: 7, oldestWaitingMs: 40 }) } })).toEqual([]);
  });

  const restart = (minutesAgo: number, reason = "required_fell") => ({
    timeMs: NOW_MS - minutesAgo * 60_000,
    generation: 1,
    reason,
    priceCalls: 0,
    allocatedBeforeBytes: 1,
    allocatedAfterBytes: 1,
  });

  it("restarts are too many if at least three came within ten minutes each", () => {
    expect(found({ restarts: [restart(29), restart(20), restart(2)] })).toMatchObject([{ code: "restarts_often" }]);
    expect(found({ restarts: [restart(31), restart(20), restart(2)] })).toEqual([]);
    expect(found({ restarts: [restart(3), restart(2)] })).toEqual([]);
    // A burst of an hour ago is over, but a long row of them goes on.
    expect(found({ restarts: [62, 61, 60].map((ago) => restart(ago)) })).toEqual([]);
    expect(found({ restarts: [49, 48, 47, 46, 45].map((ago) => restart(ago)) })[0]!.text).toContain(
      "5 times in 49 minutes",
    );
  });

  it("the operator's own restarts do not count", () => {
    expect(found({ restarts: [restart(3, "operator"), restart(2, "purge"), restart(1)] })).toEqual([]);
  });

  it("names the reason of the restarts that count", () => {
    const restarts = [restart(9), restart(8), restart(7), ...[3, 2, 1].map((ago) => restart(ago, "operator"))];
    expect(found({ restarts })[0]!.text).toContain("3 times in 9 minutes, most often: held more than the cache needs");
  });

  it("restarts after traps do not count: the traps themselves are told", () => {
    expect(found({ restarts: [restart(3, "trap"), restart(2, "trap"), restart(1, "trap")] })).toEqual([]);
  });

  it("one cause is told once", () => {
    const decisions = { ...noOutcomes(), undecided: { ...noOutcomes().undecided, filter_backoff: 70 } };
    const paused = { failuresInARow: 3, nextStartAtMs: NOW_MS + 30_000, traps: 3 };
    const window = windowOf({ requests: 100, undecided: 70, traps: 3 });
    expect(found({ ...paused, decisions, window }).map(({ code }) => code)).toEqual(["filter_paused"]);
    expect(found({ decisions, window }).map(({ code }) => code)).toEqual(["undecided_often", "trapped"]);
  });

  it("traps are told for an hour", () => {
    const starts = (ago: number) => [{ generation: 3, timeMs: NOW_MS - ago, reason: "trap" as const }];
    expect(found({ traps: 2, starts: starts(600_000) })).toMatchObject([{ code: "trapped", severity: "warning" }]);
    expect(found({ traps: 2, starts: starts(2 * HOUR_MS) })).toEqual([]);
  });

  it.each([
    ["cluster", "keys", /^The filter asked for the cluster keys, .*3 such calls.*; 2 requests passed/],
    ["function", "proxy_grpc_call", /^The filter asked for the function proxy_grpc_call/],
    ["foreign_function", "verify", /^The filter asked for the foreign function verify/],
  ] as const)("a %s that the gateway does not have is told for an hour, with what passed", (what, name, text) => {
    const decisions = { ...noOutcomes(), allowed: { unchecked: 2 } };
    const of = (ago: number) =>
      found({ unservedCalls: 3, decisions, lastUnservedCall: { what, name, atMs: NOW_MS - ago } });
    expect(of(600_000)).toMatchObject([{ code: "asks_in_vain", severity: "warning" }]);
    expect(of(600_000)[0]!.text).toMatch(text);
    expect(of(2 * HOUR_MS)).toEqual([]);
    // An object of an earlier deployment does not say it.
    expect(found({ lastUnservedCall: undefined as unknown as null })).toEqual([]);
  });

  it("a storage that fails, counts and decisions that are not stored are warnings", () => {
    const storage = { failures: 3, lastFailure: { atMs: NOW_MS - 60_000, what: "counts", message: "Error: full" } };
    const unstored = { countsStoredAtMs: NOW_MS - 600_000 };
    const persistence = { state: "secret_missing", message: "secret EBB_KEY is not set" } as const;
    expect(found({ storage, ...unstored, persistence }).map(({ code }) => code)).toEqual([
      "storage_failing",
      "counts_not_stored",
      "decisions_not_stored",
    ]);
    expect(
      found({ storage: { failures: 3, lastFailure: { ...storage.lastFailure, atMs: NOW_MS - 2 * HOUR_MS } } }),
    ).toEqual([]);
    // Nothing was counted since, as in a quiet service.
    expect(found({ countsStoredAtMs: NOW_MS - 600_000 })).toEqual([]);
  });

  it("while a service only reports, no request gets 503", () => {
    const reports = { enforcement: { mode: "report-only", until: "2026-12-24" } } as const;
    for (const failing of [server("unreachable"), failedStart]) {
      const [first] = found({ ...failing, ...reports });
      expect(first!.text).toContain("all pass, because the service only reports");
      expect(first!.text).not.toContain("503");
      expect(found(failing)[0]!.text).toContain("503");
    }
  });

  it("a service that slept through the end of its report-only mode is not said to report still", () => {
    expect(found({ enforcement: { mode: "report-only", until: "2026-11-28" } })).toHaveLength(1);
    expect(found({ enforcement: { mode: "report-only", until: "2026-11-27" } })).toEqual([]);
  });

  it("report-only is a note, and a warning on its last day", () => {
    const until = (text: string) => found({ enforcement: { mode: "report-only", until: text } });
    expect(until("2026-12-24")).toMatchObject([{ code: "report_only", severity: "note" }]);
    expect(until("2026-11-29")).toMatchObject([{ code: "report_only", severity: "warning" }]);
  });

  it("a key that nearly never hits is a warning", () => {
    expect(found({ mostlyMisses: true })).toMatchObject([{ code: "mostly_misses", severity: "warning" }]);
  });

  it("an isolate short of memory is a warning, and down at the hard mark", () => {
    const isolate = isolateReport();
    const short = (heldBytes: number) => [{ ...isolate, budget: { ...isolate.budget, heldBytes, relieving: true } }];
    expect(found({}, closed, { isolates: short(97 * 1_048_576) })).toMatchObject([
      { code: "budget_short", severity: "warning", service: null },
    ]);
    expect(found({}, closed, { isolates: short(105 * 1_048_576) })).toMatchObject([{ severity: "down" }]);
    expect(found({ atMs: NOW_MS - HOUR_MS }, closed, { isolates: short(105 * 1_048_576) })).toEqual([]);
  });

  it("collections that free nothing are a warning", () => {
    const isolate = isolateReport();
    const isolates = [{ ...isolate, reclaim: { ...isolate.reclaim, failuresInARow: 3 } }];
    expect(found({}, closed, { isolates })).toMatchObject([{ code: "memory_not_collected" }]);
  });

  it("problems of the environment come first, with their way out, and not once more for each service", () => {
    const problem = "the binding SERVICE_OBJECT is missing. Add to wrangler.toml:\n[[durable_objects.bindings]]";
    const fault = "AUTH_URL is not set";
    const report = reportOf({ problems: [problem, fault], services: [{ name: "orders", error: fault }] });
    expect(findingsOf(report, NOW_MS, closed)).toMatchObject([
      { code: "gateway_problem", severity: "down", todo: "[[durable_objects.bindings]]" },
      { code: "gateway_problem" },
    ]);
  });

  it("services that could not be asked for one reason are one finding", () => {
    const services = Array.from({ length: 200 }, (_, n) => ({
      name: `s${n}`,
      error: "Error: Durable Object is overloaded",
    }));
    const all = findingsOf(reportOf({ services: [...services, { name: "other", error: "reset" }] }), NOW_MS, closed);
    expect(all.map(({ service, code }) => [service, code])).toEqual([
      [null, "not_asked"],
      ["other", "not_asked"],
    ]);
    expect(all[0]!.text).toContain("s0 and 199 others");
  });

  it("what is worst comes first, whatever the order of services", () => {
    const services = [
      serviceReport({ name: "b", mostlyMisses: true }),
      serviceReport({ name: "c", ...server("silent") }),
      serviceReport({ name: "a", mostlyMisses: true }),
      serviceReport({ name: "d", ...failedStart, failurePolicy: "open" }),
    ];
    expect(findingsOf(reportOf({ services }), NOW_MS, closed).map(({ service, code }) => `${service} ${code}`)).toEqual(
      ["d gate_open", "c server_silent", "a mostly_misses", "b mostly_misses"],
    );
  });

  it("long messages with line breaks become one short line", () => {
    const message = `line one\nline two ${"x".repeat(5_000)}`;
    const [first] = found({ failedStart: { ...failedStart.failedStart, message } });
    expect(first!.text.length).toBeLessThan(400);
    expect(first!.text).not.toContain("\n");
  });

  it("times that no clock can show do not break it", () => {
    expect(
      found({ ...server("silent"), clusters: { auth: answeringCluster({ state: "silent", sinceMs: 9e15 }) } }),
    ).toHaveLength(1);
  });
});

describe("isUnableToDecide", () => {
  const unable = (fields: Partial<ServiceReport>, gateway = closed, nowMs = NOW_MS) =>
    isUnableToDecide(serviceReport(fields), gateway.services[0], nowMs);

  it("is true while a server is down or the filter does not start", () => {
    expect(unable({})).toBe(false);
    expect(unable(server("suspected"))).toBe(false);
    expect(unable(server("silent"))).toBe(true);
    expect(unable(failedStart)).toBe(true);
    expect(isUnableToDecide({ name: "orders", error: "overloaded" }, closed.services[0], NOW_MS)).toBe(true);
    expect(isUnableToDecide({ name: "orders", waitingFor: "first_request" }, closed.services[0], NOW_MS)).toBe(false);
  });

  it("is false while requests pass undecided", () => {
    expect(unable(server("unreachable"), failsOpen)).toBe(false);
    expect(unable({ ...failedStart, failurePolicy: "open" })).toBe(false);
  });

  it("is false if the figures are old: the state may have ended", () => {
    expect(unable(failedStart, closed, NOW_MS + 150_000)).toBe(true);
    expect(unable(failedStart, closed, NOW_MS + 151_000)).toBe(false);
  });
});

it("docs/findings.md has a section for each code, and no other", async () => {
  const docs = await readFile("docs/findings.md", "utf8");
  expect([...docs.matchAll(/^## (\S+)$/gm)].map(([, code]) => code)).toEqual([...FINDING_CODES]);
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { builtInService, gatewayOf } from "../../../config/testing/inputs.ts";
import type { ServiceReport } from "../../../durable/directory/service-report.ts";
import { answeringCluster, isolateReport, NOW_MS, serviceReport } from "../../../durable/directory/testing/reports.ts";
import { CallCounter } from "../../../durable/metrics/call-counts.ts";
import { hasPrometheus, promtool } from "../../../test/prometheus/promtool.ts";
import { FAMILIES, FAMILY_NAMES } from "./families.ts";
import { gatewayMetrics, type MetricsInput } from "./gateway-metrics.ts";
import { type ParsedFamily, parseExposition } from "./testing/parse-exposition.ts";

const gateway = gatewayOf({
  orders: builtInService(),
  billing: builtInService({ failOpen: true, route: { prefix: "/billing" } }),
});

interface Fields {
  readonly filterMetrics?: Readonly<Record<string, number>>;
  readonly report?: Partial<ServiceReport>;
}

function metrics(fields: Fields = {}, others: Partial<MetricsInput> = {}): string {
  const entry = {
    service: "orders",
    report: serviceReport(fields.report),
    isolate: isolateReport(),
    filterMetrics: fields.filterMetrics ?? {},
  };
  return gatewayMetrics({ gateway, problems: [], entries: [entry], nowMs: NOW_MS, ...others });
}

function valuesOf(text: string, name: string): Record<string, number> {
  const family = parseExposition(text).find((each) => each.name === name);
  return Object.fromEntries(
    (family?.samples ?? []).map((sample) => {
      const { service: _, ...labels } = sample.labels;
      return [
        `${sample.name === name ? "" : sample.name.slice(name.length)}${Object.values(labels).join(" ")}`,
        sample.value,
      ];
    }),
  );
}

const names = (families: readonly ParsedFamily[]) => families.map(({ name }) => name);

describe("metrics", () => {
  it("has every family that is listed, and no other", () => {
    const report = { requiredRangeBytes: { from: 1, to: 2 }, restarts: [aRestart] };
    expect(names(parseExposition(metrics({ report })))).toEqual(FAMILY_NAMES);
  });

  it("has the labels that are listed", () => {
    for (const { name, samples } of parseExposition(metrics())) {
      const labels = new Set(samples.flatMap((sample) => Object.keys(sample.labels)));
      labels.delete("le");
      expect([name, [...labels]]).toEqual([name, [...FAMILIES[name as keyof typeof FAMILIES].labels]]);
    }
  });

  const aRestart = {
    timeMs: NOW_MS - 5_000,
    generation: 2,
    reason: "required_fell",
    priceCalls: 0,
    allocatedBeforeBytes: 2,
    allocatedAfterBytes: 1,
  };

  it("gives times and durations in seconds", () => {
    const text = metrics({ report: { restarts: [aRestart] } });
    expect(valuesOf(text, "ebb_last_restart_timestamp_seconds")).toEqual({ "": (NOW_MS - 5_000) / 1_000 });
    expect(valuesOf(text, "ebb_ttl_seconds")).toEqual({ "": 300 });
    expect(valuesOf(text, "ebb_figures_timestamp_seconds")).toEqual({ "": NOW_MS / 1_000 - 30 });
  });

  it("counts calls by result, and their durations in cumulative buckets", () => {
    const calls = new CallCounter();
    for (const ms of [3, 5, 40, 20_000]) {
      calls.started(0);
      calls.ended("2xx", ms);
    }
    calls.ended("held_back");
    const text = metrics({ report: { clusters: { auth: answeringCluster({ calls: calls.snapshot() }) } } });
    expect(valuesOf(text, "ebb_authorization_calls_total")).toMatchObject({
      "auth 2xx": 4,
      "auth held_back": 1,
      "auth timeout": 0,
    });
    const durations = valuesOf(text, "ebb_authorization_call_duration_seconds");
    expect(durations).toMatchObject({
      "_bucketauth 0.005": 2,
      "_bucketauth 0.025": 2,
      "_bucketauth 0.05": 3,
      "_bucketauth 10": 3,
      "_bucketauth +Inf": 4,
      _countauth: 4,
      _sumauth: 20.048,
    });
  });

  it("has one state of each server set", () => {
    const clusters = { auth: answeringCluster({ state: "failing" }) };
    const states = valuesOf(metrics({ report: { clusters } }), "ebb_authorization_server_state");
    expect(states).toEqual({
      "auth answering": 0,
      "auth suspected": 0,
      "auth silent": 0,
      "auth failing": 1,
      "auth unreachable": 0,
    });
  });

  it("counts decisions by outcome and reason; undecided ones only where they occurred", () => {
    const decisions = { allowed: { cache: 7 }, refused: { denied: 2 }, undecided: { keys_unavailable: 1 } };
    expect(valuesOf(metrics({ report: { decisions } }), "ebb_decisions_total")).toEqual({
      "allowed cache": 7,
      "allowed isolate": 0,
      "allowed server": 0,
      "allowed coalesced": 0,
      "allowed token": 0,
      "allowed stale": 0,
      "allowed fail_open": 0,
      "allowed unchecked": 0,
      "refused credential": 0,
      "refused denied": 2,
      "refused rule": 0,
      "refused throttled": 0,
      "refused other": 0,
      "undecided keys_unavailable": 1,
    });
  });

  it("says when a service cannot decide, and when its gate is open instead", () => {
    const clusters = { auth: answeringCluster({ state: "unreachable" }) };
    const unable = metrics({ report: { clusters } });
    expect(valuesOf(unable, "ebb_service_unable_to_decide")).toEqual({ "": 1 });
    expect(valuesOf(unable, "ebb_gate_open")).toEqual({ failOpen: 0, failurePolicy: 0 });
    const entry = {
      service: "billing",
      report: serviceReport({ name: "billing", clusters }),
      isolate: isolateReport(),
      filterMetrics: {},
    };
    const open = metrics({}, { entries: [entry] });
    expect(valuesOf(open, "ebb_service_unable_to_decide")).toEqual({ "": 0 });
    expect(valuesOf(open, "ebb_gate_open")).toEqual({ failOpen: 1, failurePolicy: 0 });
  });

  it("leaves out what is only true now if the figures are old, and keeps counters and estimates", () => {
    const clusters = { auth: answeringCluster({ state: "silent" }) };
    const text = metrics({ report: { atMs: NOW_MS - 3_600_000, clusters, requests: 12 } });
    const shown = names(parseExposition(text));
    for (const gone of [
      "ebb_authorization_server_state",
      "ebb_allocated_bytes",
      "ebb_isolate_free_bytes",
      "ebb_isolate_info",
    ]) {
      expect(shown).not.toContain(gone);
    }
    expect(valuesOf(text, "ebb_requests_total")).toEqual({ "": 12 });
    expect(valuesOf(text, "ebb_required_bytes")).toEqual({ "": 3_145_728 });
    expect(valuesOf(text, "ebb_service_unable_to_decide")).toEqual({ "": 0 });
  });

  it("shows an isolate once, with the newest figures of its services", () => {
    const entryOf = (service: string, atMs: number, bytes: number) => ({
      service,
      report: serviceReport({ name: service, atMs }),
      isolate: isolateReport({ live: { bytes, count: 1 } }),
      filterMetrics: {},
    });
    const entries = [entryOf("orders", NOW_MS - 1_000, 111), entryOf("billing", NOW_MS - 9_000, 222)];
    const text = metrics({}, { entries });
    expect(Object.values(valuesOf(text, "ebb_isolate_live_bytes"))).toEqual([111]);
    expect(parseExposition(text).find(({ name }) => name === "ebb_isolate_info")!.samples).toHaveLength(2);
  });

  it("does not show services that the configuration does not have", () => {
    const entry = {
      service: "gone",
      report: serviceReport({ name: "gone" }),
      isolate: isolateReport(),
      filterMetrics: {},
    };
    expect(names(parseExposition(metrics({}, { entries: [entry] })))).toEqual([
      "ebb_configuration_info",
      "ebb_configuration_problems",
    ]);
  });

  it("leaves out numbers that are none", () => {
    const report = { requests: Number.NaN, ttlMs: Number.POSITIVE_INFINITY, liveBytes: null, countsStoredAtMs: null };
    const shown = names(parseExposition(metrics({ report })));
    for (const gone of [
      "ebb_requests_total",
      "ebb_ttl_seconds",
      "ebb_live_bytes",
      "ebb_counts_stored_timestamp_seconds",
    ]) {
      expect(shown).not.toContain(gone);
    }
  });
});

describe("the filters' own metrics", () => {
  const filterSamples = (filterMetrics: Record<string, number>) =>
    parseExposition(metrics({ filterMetrics }))
      .filter(({ name }) => name.startsWith("ebb_filter_"))
      .flatMap(({ name, type, samples }) =>
        samples.map(({ labels, value }) => ({ name, type, metric: labels.metric, value })),
      );

  it("have the prefix, and no type because none is known", () => {
    expect(filterSamples({ ebb_cache_entries: 4 })).toEqual([
      { name: "ebb_filter_ebb_cache_entries", type: "untyped", metric: undefined, value: 4 },
    ]);
  });

  it("keep apart names that become the same", () => {
    const samples = filterSamples({ "cache.hits": 1, "cache-hits": 2, cache_hits: 3 });
    expect(samples.map(({ name, metric, value }) => [name, metric, value])).toEqual([
      ["ebb_filter_cache_hits", "cache.hits", 1],
      ["ebb_filter_cache_hits", "cache-hits", 2],
      ["ebb_filter_cache_hits", undefined, 3],
    ]);
  });

  it("cannot break the format by their names", () => {
    const hostile = 'x"} 1\n# TYPE ebb_requests_total gauge\nebb_requests_total{service="orders\\';
    const [sample, ...others] = filterSamples({ [hostile]: 5, "": 6, "\ud800": 7, "\ud801": 8, "\0": 9 });
    expect(sample!.metric).toBe(hostile);
    // Halves of surrogate pairs and control characters cannot be told apart: one is shown, the others are counted.
    expect(others.map(({ value }) => value)).toEqual([6, 7]);
    const text = metrics({ filterMetrics: { "\ud800": 7, "\ud801": 8, "\0": 9 } });
    expect(valuesOf(text, "ebb_left_out_filter_metrics")).toEqual({ "": 2 });
  });

  it("are a hundred of a service at most, and the rest is counted", () => {
    const many = Object.fromEntries(Array.from({ length: 1_024 }, (_, n) => [`m${n}`, n]));
    expect(filterSamples(many)).toHaveLength(100);
    expect(valuesOf(metrics({ filterMetrics: many }), "ebb_left_out_filter_metrics")).toEqual({ "": 924 });
  });

  it("have short names", () => {
    const [sample] = filterSamples({ [`${"n".repeat(511)}1`]: 1 });
    expect(sample!.name).toHaveLength("ebb_filter_".length + 150);
  });
});

const anyNumber = fc.oneof(fc.nat(), fc.double(), fc.constantFrom(-0, 1e300, Number.MAX_SAFE_INTEGER, Number.NaN));
const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom(...'"\\\n{}=,#\0\r\u2028ü a') }),
);
const aLatency = fc.array(fc.nat(), { minLength: 12, maxLength: 12 });

it("any figures and names give output that can be read", () => {
  const counts = fc.record({ counts: aLatency, sumMs: anyNumber });
  const figures = fc.record({
    filterMetrics: fc.dictionary(anyText, anyNumber, { maxKeys: 30 }),
    report: fc.record({
      isolateId: anyText,
      atMs: fc.oneof(fc.constant(NOW_MS), anyNumber),
      ttlMs: anyNumber,
      requests: anyNumber,
      clusters: fc.dictionary(
        anyText,
        fc.record({
          state: fc.constantFrom("answering" as const, "silent" as const),
          oldestWaitingMs: fc.option(anyNumber),
          calls: fc.record({ results: fc.record({ "2xx": fc.nat() }), latency: counts, wait: counts }),
        }),
        { maxKeys: 3 },
      ),
    }),
  });
  fc.assert(
    fc.property(figures, anyText, ({ filterMetrics, report }, version) => {
      const clusters = Object.fromEntries(
        Object.entries(report.clusters).map(([name, fields]) => [name, answeringCluster(fields)]),
      );
      const text = metrics({ filterMetrics, report: { ...report, clusters } }, { gateway: { ...gateway, version } });
      for (const { type, name, samples } of parseExposition(text)) {
        if (type === "counter") expect(name.endsWith("_total")).toBe(true);
        for (const bucket of samples.filter((sample) => sample.labels.le === "+Inf")) {
          const { le: _, ...labels } = bucket.labels;
          const count = samples.find(
            (sample) => sample.name.endsWith("_count") && JSON.stringify(sample.labels) === JSON.stringify(labels),
          );
          expect(count?.value).toBe(bucket.value);
        }
      }
    }),
    { numRuns: 300 },
  );
});

describe.runIf(hasPrometheus("promtool"))("promtool", () => {
  it("has nothing to say against the names, types and units", () => {
    expect(promtool(["check", "metrics"], metrics({ filterMetrics: { ebb_cache_entries: 1 } }))).toBeNull();
  });

  it("reads names that no filter should have", () => {
    const names = ['"} 1', "\n", "\\", "x\0x", "\u2028", "ü", "", "x".repeat(512), "\ud800", "# HELP x", "x.x", "x x"];
    const filterMetrics = Object.fromEntries(names.map((name, value) => [name, value]));
    const clusters = Object.fromEntries(names.map((name) => [name, answeringCluster()]));
    expect(promtool(["check", "metrics"], metrics({ filterMetrics, report: { clusters } }))).toBeNull();
  });

  it("would refuse text that is not of the format", () => {
    expect(promtool(["check", "metrics"], "ebb_requests_total{service=orders} 1\n")).toMatch(/error while linting/);
  });
});

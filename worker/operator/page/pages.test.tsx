import { describe, expect, it } from "vitest";
import { gatesOf } from "../../../config/fails-open.ts";
import { builtInService, gatewayOf } from "../../../config/testing/inputs.ts";
import { pointOf } from "../../../durable/directory/history-point.ts";
import { findingsOf } from "../findings.ts";
import type { GatewayReport } from "../gateway-report.ts";
import { windowReport } from "../window-report.ts";
import { htmlResponse } from "./html-response.ts";
import { Overview } from "./overview.tsx";
import { ServicePage } from "./service.tsx";
import { NotHerePage, NoticePage, SignInPage } from "./sign-in.tsx";
import { callsOf, gatewayReport, history, isolateSnapshot, NOW_MS, serviceReport } from "./testing/figures.ts";
import { HOSTILE, hostileReport } from "./testing/hostile.ts";
import { hasFigures, type ServiceData, STATE_WORDS, stateOf } from "./view.ts";
import { DEFAULT_WINDOW } from "./windows.ts";

const NO_GATES = { services: [] };

function overviewOf(report: GatewayReport, nowMs = NOW_MS): string {
  const findings = findingsOf(report, nowMs, NO_GATES);
  const window = DEFAULT_WINDOW;
  return String(<Overview {...{ prefix: "/stats", report, findings, window, nowMs, canSignOut: true }} />);
}

function serviceOf(report: GatewayReport, nowMs = NOW_MS): string {
  const [entry] = report.services;
  const points = entry !== undefined && hasFigures(entry) ? [...history(entry).slice(0, -1), pointOf(entry)] : [];
  const data: ServiceData = {
    ...{ prefix: "/stats", service: entry!.name, window: DEFAULT_WINDOW, collectMs: 900_000, gates: NO_GATES },
    ...{ report: { ...report, services: report.services.slice(0, 1) }, points },
  };
  return String(<ServicePage data={data} nowMs={nowMs} canSignOut={true} />);
}

/** The text that a person reads, without markup. */
function textOf(html: string): string {
  return html
    .replace(/<script type="application\/json".*?<\/script>/s, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ");
}

describe("texts that come from configurations, filters and servers", () => {
  const pages = {
    overview: overviewOf(hostileReport()),
    service: serviceOf(hostileReport()),
    notice: String(<NoticePage prefix="/stats" title={HOSTILE} text={HOSTILE} />),
    "sign-in form": String(<SignInPage prefix="/stats" next={HOSTILE} />),
    "page of another host": String(<NotHerePage prefix="/stats" operatorHost={HOSTILE} />),
  };

  it.each(Object.entries(pages))("never become markup of the %s", (_, html) => {
    expect(html).not.toMatch(/<img|<script>/);
    expect(html.match(/<script/g)!.length).toBe(html.includes('id="data"') ? 2 : 1);
    expect(html).toContain("&lt;script&gt;taken()");
  });

  it("go to the script unchanged", () => {
    const [, json] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(pages.service)!;
    const data = JSON.parse(json!) as ServiceData;
    expect(data.service).toBe(HOSTILE);
    expect(Object.keys(data.points[0]!.clusters)).toEqual([HOSTILE]);
  });
});

describe("no page", () => {
  it.each([overviewOf(hostileReport()), serviceOf(gatewayReport())])(
    "has inline scripts, inline styles, handlers or anything from elsewhere",
    (html) => {
      expect(html).not.toMatch(/ style=|<style|javascript:/);
      expect(html).not.toMatch(/ on[a-z]+="/);
      const links = [...html.matchAll(/ (?:href|src|action)="([^"]*)"/g)].map(([, link]) => link!);
      expect(links.filter((link) => !/^(\/stats|#|data:image\/svg)/.test(link))).toEqual([]);
    },
  );

  it("may be framed, stored or sniffed", () => {
    const { headers } = htmlResponse("");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(headers.get("content-security-policy")).not.toContain("unsafe");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-frame-options")).toBe("DENY");
  });
});

describe("the overview", () => {
  it("has what is wrong on top, and says what to do", () => {
    const failing = serviceReport({
      name: "bills",
      failedStart: { reason: "x", filterReason: null, message: "secret KEY is not set", atMs: NOW_MS },
    });
    const html = overviewOf(gatewayReport([serviceReport(), failing]));
    expect(textOf(html)).toMatch(/What is wrong down bills All requests get 503.*secret KEY is not set.*Services/);
    expect(html.indexOf('service=bills&amp;window=15m">bills</a></th>')).toBeLessThan(html.indexOf(">orders</a></th>"));
  });

  it("does not call a service unable to decide whose gate is open", () => {
    const [cluster] = Object.values(serviceReport().clusters);
    const entry = serviceReport({
      clusters: { auth: { ...cluster!, state: "unreachable", sinceMs: NOW_MS - 60_000 } },
    });
    const report = gatewayReport([entry]);
    const stateWith = (failOpen: boolean) => {
      const [service] = gatewayOf({ orders: builtInService({ failOpen }) }).services;
      const findings = findingsOf(report, NOW_MS, { services: [gatesOf(service!)] });
      return stateOf(entry, findings, NOW_MS);
    };
    expect(STATE_WORDS[stateWith(true)]).toBe("gate open");
    expect(STATE_WORDS[stateWith(false)]).toBe("cannot decide");
  });

  it("says that nothing is wrong, and counts who sleeps", () => {
    const asleep = serviceReport({ name: "bills", atMs: NOW_MS - 3_600_000 });
    const text = textOf(
      overviewOf(gatewayReport([serviceReport(), asleep, { name: "new", waitingFor: "first_request" }])),
    );
    expect(text).toMatch(
      /Nothing is wrong 1 at work, 1 asleep: no request for a while, 1 waiting for the first request\./,
    );
  });

  it("says what it waits for without any figure", () => {
    const text = textOf(overviewOf(gatewayReport([{ name: "new", waitingFor: "first_request" }], { isolates: [] })));
    expect(text).toMatch(/until then no filter holds memory.*Waiting for its first request\./);
  });

  it("does not show as quick a server whose calls fail", () => {
    const [cluster] = Object.values(serviceReport().clusters);
    const rowOf = (results: Parameters<typeof callsOf>[1]) => {
      const entry = serviceReport({ clusters: { auth: { ...cluster!, calls: callsOf(800, results) } } });
      const window = windowReport([...history(entry).slice(0, -1), pointOf(entry)], DEFAULT_WINDOW.ms, NOW_MS)!;
      const html = overviewOf(gatewayReport([{ ...entry, window }]));
      return /data-label="server p95">([^<]*)</.exec(html)![1];
    };
    expect(rowOf({ "2xx": 800 })).toMatch(/^\d+ ms$/);
    expect(rowOf({ no_answer: 500, "2xx": 300 })).toBe("fails");
  });

  it("says together what concerns one service", () => {
    const failing = serviceReport({
      name: "bills",
      mostlyMisses: true,
      failedStart: { reason: "x", filterReason: null, message: "secret KEY is not set", atMs: NOW_MS },
    });
    const html = overviewOf(gatewayReport([serviceReport({ mostlyMisses: true }), failing]));
    expect(textOf(html)).toMatch(/down bills All requests get 503.*Nearly every request.*warning orders Nearly every/);
    expect(html.match(/data-code="mostly_misses"/g)).toHaveLength(2);
  });

  it("shows the fullest isolates, and the others on demand", () => {
    const isolates = [1, 5, 3, 4, 2].map((mib) => isolateSnapshot(mib * 1_048_576, 0));
    const [shown, more] = overviewOf(gatewayReport([serviceReport()], { isolates })).split("<details>");
    expect(shown!.match(/aria-label="live [\d.]+/g)).toEqual(
      ["5.00", "4.00", "3.00"].map((n) => `aria-label="live ${n}`),
    );
    expect(textOf(more!)).toMatch(/^ 2 more, each with less than 3.00 MiB/);
  });

  it("stays small with 200 services", () => {
    const services = Array.from({ length: 200 }, (_, n) => serviceReport({ name: `service-with-a-name-${n}` }));
    const html = overviewOf(gatewayReport(services));
    expect(html.length / 200).toBeLessThan(1_400);
  });
});

describe("the page of a service", () => {
  it("answers the five questions after an hour of sleep too", () => {
    const asleep = serviceReport({ atMs: NOW_MS - 3_600_000, restarts: [], restartCount: 0 });
    const text = textOf(serviceOf(gatewayReport([asleep])));
    expect(text).toMatch(/As of 13:03 UTC , asleep since: no request came/);
    expect(text).toMatch(/Is it healthy\? Yes, when last seen Asleep: no request since 13:03 UTC/);
    expect(text).toMatch(/Why did it last restart\? It never did/);
    expect(text).toMatch(/What did it cost\? Nothing yet/);
    expect(text).toMatch(
      /Who is refused\? \d+ of [\d,]+ \(\d+ %\) In the 15 min before 13:03 UTC, when it fell asleep\. Since 2026-11-27 14:03 UTC: 300 no/,
    );
    expect(text).toMatch(
      /server slow\? 95 % within \d+ ms In the 15 min before 13:03 UTC, when it fell asleep\. auth:/,
    );
  });

  it("does not call a service well that failed before it fell asleep", () => {
    const decisions = { allowed: {}, refused: {}, undecided: { authorization_server_error: 8_000 } };
    const asleep = serviceReport({ atMs: NOW_MS - 3_600_000, undecided: 8_000, decisions });
    const window = windowReport([...history(asleep).slice(0, -1), pointOf(asleep)], DEFAULT_WINDOW.ms, asleep.atMs)!;
    const text = textOf(serviceOf(gatewayReport([{ ...asleep, window }])));
    expect(text).toMatch(/warning As of 13:03 UTC \(60 minutes ago.*Is it healthy\? Look at it/);
    expect(text).toMatch(/Who is refused\? [\d,]+ of [\d,]+ \(67 %\) got 503/);
  });

  it("says of a service that only reports that no one is refused", () => {
    const enforcement = { mode: "report-only", until: "2026-12-24" } as const;
    const decisions = { allowed: { cache: 9_000 }, refused: { denied: 3_000 }, undecided: {} };
    const text = textOf(serviceOf(gatewayReport([serviceReport({ enforcement, decisions })])));
    expect(text).toMatch(
      /Who is refused\? [\d,]+ of [\d,]+ \(25 %\) would be All pass, because the service only reports\./,
    );
  });

  it("says why the last restart happened, and what it freed and cost", () => {
    const text = textOf(serviceOf(gatewayReport()));
    expect(text).toMatch(
      /Held more than the cache needs 12 min ago: 6\.00 MiB became 2\.00 MiB, 4\.00 MiB given back\./,
    );
    expect(text).toMatch(/What did it cost\? No extra calls The handover took 12 ms\./);
  });

  it("says how far collecting has come", () => {
    const collecting = serviceReport({ phase: "collecting", collectedMs: 11 * 60_000 + 5, restarts: [] });
    expect(textOf(serviceOf(gatewayReport([collecting])))).toMatch(/Collecting, 11 of 15 minutes/);
  });

  it("says what is wrong, and who was refused why", () => {
    const report = serviceReport({
      decisions: { allowed: { cache: 10 }, refused: { credential: 90, rule: 5 }, undecided: { filter_failed: 7 } },
    });
    const text = textOf(serviceOf(gatewayReport([report])));
    expect(text).toMatch(/90 no valid credential \(401\), 5 a rule of the configuration \(403\)/);
    expect(text).toMatch(/Undecided \(503\) the filter failed 7/);
  });

  /** After a quarter of an hour in which all calls ended like that. */
  const withCalls = (results: Record<string, number>, changes: Parameters<typeof serviceReport>[0] = {}) => {
    const [cluster] = Object.values(serviceReport().clusters);
    const calls = callsOf(0, results as Parameters<typeof callsOf>[1]);
    return gatewayReport([serviceReport({ clusters: { auth: { ...cluster!, calls } }, ...changes })]);
  };

  it("does not call a server quick that fails quickly", () => {
    expect(textOf(serviceOf(withCalls({ "5xx": 800 })))).toMatch(
      /server slow\? 100 % of the calls failed auth: \d+ calls/,
    );
    const [cluster] = Object.values(serviceReport().clusters);
    const calls = callsOf(0, { no_answer: 800 });
    const silent = { auth: { ...cluster!, state: "silent" as const, sinceMs: NOW_MS - 60_000, calls } };
    const text = textOf(serviceOf(gatewayReport([serviceReport({ clusters: silent })])));
    expect(text).toMatch(/server slow\? It does not answer auth: silent: calls are held back\./);
    expect(text).toMatch(/Is it healthy\? No Above is why, and what to do\./);
  });

  it("tells requests that passed undecided from those that the server allowed", () => {
    const decisions = { allowed: { cache: 10_800, server: 10, fail_open: 690 }, refused: {}, undecided: {} };
    expect(textOf(serviceOf(gatewayReport([serviceReport({ decisions })])))).toMatch(
      /10,800 94 % passed undecided, because a gate is open 690 6 % the authorization server said so 10 &lt;/,
    );
  });

  it("says of undecided requests why, before it says who is refused", () => {
    const decisions = { allowed: {}, refused: { rule: 5 }, undecided: { filter_failed: 8_000 } };
    const text = textOf(serviceOf(gatewayReport([serviceReport({ undecided: 8_000, decisions })])));
    expect(text).toMatch(/Who is refused\? [\d,]+ of [\d,]+ \(67 %\) got 503 The filter failed: 8,000\./);
  });

  it("waits for the first request without figures", () => {
    const text = textOf(serviceOf(gatewayReport([{ name: "new", waitingFor: "first_request" }])));
    expect(text).toMatch(/No figures yet Waiting for the first request to this service/);
  });

  it("says what is wrong where the figures could not be read", () => {
    const text = textOf(serviceOf(gatewayReport([{ name: "orders", error: "the directory: Error: gone" }])));
    expect(text).toMatch(/not known.*The figures of orders could not be read: the directory: Error: gone/);
  });
});

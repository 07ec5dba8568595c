import { describe, expect, it } from "vitest";
import { builtInService, gatewayOf, otherService } from "../../../config/testing/inputs.ts";
import type { DirectoryEntry } from "../../../durable/directory/directory-rpc.ts";
import type { ServiceReport } from "../../../durable/directory/service-report.ts";
import { answeringCluster, isolateReport, NOW_MS, serviceReport } from "../../../durable/directory/testing/reports.ts";
import { healthOf } from "./health.ts";
import { healthReply } from "./health-reply.ts";

const gateway = gatewayOf({
  orders: builtInService(),
  billing: builtInService({ failOpen: true, route: { prefix: "/billing" } }),
  legacy: otherService({ failurePolicy: "open", route: { prefix: "/legacy" } }),
});

function entry(service: string, fields: Partial<ServiceReport> = {}): DirectoryEntry {
  return { service, report: serviceReport({ name: service, ...fields }), isolate: isolateReport(), filterMetrics: {} };
}
const server = (state: "answering" | "suspected" | "silent" | "failing" | "unreachable") => ({
  clusters: { auth: answeringCluster({ state }) },
});
const failedStart = {
  failedStart: { reason: "secret_missing", filterReason: null, message: "secret X is not set", atMs: NOW_MS },
};
const health = (...entries: DirectoryEntry[]) => healthOf(gateway, [], entries, NOW_MS);

describe("health", () => {
  it("is ok without any figures: nothing is known against it", () => {
    expect(health()).toEqual({ status: "ok", problems: [], services: {} });
  });

  it("is failing while a service is known to be unable to decide", () => {
    expect(health(entry("orders", server("silent")), entry("billing"))).toMatchObject({
      status: "failing",
      services: { orders: ["the authorization server auth is silent"] },
    });
    expect(health(entry("orders", failedStart)).status).toBe("failing");
    expect(health(entry("orders", server("suspected"))).status).toBe("ok");
  });

  it("is failing while the environment lacks something", () => {
    expect(healthOf(gateway, ["AUTH_URL is not set"], [], NOW_MS).status).toBe("failing");
  });

  it("is not failing because of figures that are old, or of a service that is no longer configured", () => {
    expect(health(entry("orders", { ...server("silent"), atMs: NOW_MS - 3_600_000 })).status).toBe("ok");
    expect(health(entry("gone", server("silent"))).status).toBe("ok");
  });

  it("stays the same on the whole way to an open gate and back", () => {
    for (const state of ["answering", "suspected", "silent", "failing", "unreachable"] as const) {
      expect(health(entry("billing", server(state))).status).toBe("ok");
    }
    expect(health(entry("legacy", failedStart)).status).toBe("ok");
    expect(health(entry("legacy", { failuresInARow: 2, nextStartAtMs: NOW_MS + 5_000 })).status).toBe("ok");
  });

  it("is not failing because of a service that only reports, until it refuses", () => {
    const reportOnly = (until: string) => ({
      ...server("silent"),
      enforcement: { mode: "report-only", until } as const,
    });
    expect(health(entry("orders", reportOnly("2099-12-31"))).status).toBe("ok");
    expect(health(entry("orders", reportOnly("2020-01-01"))).status).toBe("failing");
  });

  it("tells the operator of the open gate", () => {
    expect(health(entry("billing", server("unreachable"))).services).toEqual({
      billing: ["the authorization server auth is unreachable: requests pass without a decision"],
    });
  });
});

describe("the reply", () => {
  const body = async (reply: Response) => [reply.status, await reply.json()];
  const failing = health(entry("orders", server("silent")), entry("billing", server("unreachable")));

  it("is one of two texts without a token, and never says more", async () => {
    expect(await body(healthReply(failing, undefined))).toEqual([503, { status: "failing" }]);
    const open = health(entry("billing", server("unreachable")));
    const well = healthReply(health(), undefined);
    const same = healthReply(open, undefined);
    expect([same.status, [...same.headers], await same.text()]).toEqual([200, [...well.headers], await well.text()]);
  });

  it("has the parts with the token", async () => {
    expect(await body(healthReply(failing, "all"))).toEqual([
      503,
      { status: "failing", problems: [], services: { orders: [expect.any(String)], billing: [expect.any(String)] } },
    ]);
  });

  it("has only its services with the token of a team", async () => {
    const withProblem = healthOf(gateway, ["the secret of another team"], [entry("orders", server("silent"))], NOW_MS);
    expect(await body(healthReply(withProblem, ["billing"]))).toEqual([503, { status: "failing", services: {} }]);
  });

  it("is never stored", () => {
    expect(healthReply(failing, undefined).headers.get("cache-control")).toBe("no-store");
  });
});

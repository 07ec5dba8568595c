import { describe, expect, test } from "vitest";
import { progressSince, readGatewayStats } from "./gateway-stats.ts";

const orders = {
  name: "orders",
  phase: "judging",
  allocatedBytes: 131_072,
  requiredBytes: 70_000,
  requests: 100,
  hits: 90,
  restartCount: 2,
};

describe("the gateway's stats", () => {
  test("are read from the service's fields", () => {
    expect(readGatewayStats({ version: "1", services: [orders] })).toEqual({
      requests: 100,
      hits: 90,
      restarts: 2,
      allocatedBytes: 131_072,
      requiredBytes: 70_000,
      phase: "judging",
    });
  });

  test("are summed over services", () => {
    const reading = readGatewayStats({ services: [orders, { ...orders, requiredBytes: null }] });
    expect(reading).toMatchObject({ requests: 200, allocatedBytes: 262_144, requiredBytes: 70_000 });
    expect(reading?.phase).toBeUndefined();
  });

  test("lack values that are not yet estimated", () => {
    const { requiredBytes: _, ...fresh } = orders;
    expect(readGatewayStats({ services: [fresh] })?.requiredBytes).toBeUndefined();
  });

  test("leave out a service that could not be asked", () => {
    expect(readGatewayStats({ services: [{ name: "users", error: "unreachable" }, orders] })?.requests).toBe(100);
  });

  test.each([
    undefined,
    null,
    "",
    [],
    {},
    { services: {} },
    { services: [] },
    { services: [{ name: "a", error: "b" }] },
  ])("of another form (%j) are ignored", (body) => {
    expect(readGatewayStats(body)).toBeUndefined();
  });
});

describe("progress since the run began", () => {
  const start = readGatewayStats({ services: [orders] })!;

  test("counts only what the run itself caused", () => {
    const now = { ...start, requests: 300, hits: 240, restarts: 3 };
    expect(progressSince(start, now)).toEqual({ now, hitRate: 0.75, restarts: 1 });
  });

  test("has no hit rate before the first request or after the counters were reset", () => {
    expect(progressSince(start, start).hitRate).toBeUndefined();
    expect(progressSince(start, { ...start, requests: 5, hits: 1, restarts: 0 })).toMatchObject({
      hitRate: undefined,
      restarts: 0,
    });
  });
});

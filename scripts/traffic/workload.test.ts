import { describe, expect, test } from "vitest";
import type { SyntheticLoad } from "./options.ts";
import { seededRandom } from "./random.ts";
import { syntheticWorkload, traceWorkload } from "./workload.ts";

const spelling = { prefix: "/orders", tokenPrefix: "demo-" };
const load: SyntheticLoad = {
  kind: "synthetic",
  users: 500,
  zipfExponent: 1,
  peakPerSecond: 200,
  durationSeconds: 600,
  waves: 1,
};

describe("the synthetic workload", () => {
  const requests = [...syntheticWorkload(load, spelling, seededRandom(1))];

  test("is the same for the same seed", () => {
    const again = syntheticWorkload(load, spelling, seededRandom(1));
    expect([...again].slice(0, 1000)).toEqual(requests.slice(0, 1000));
  });

  test("has as many requests as the curve has area", () => {
    // Mean of the curve: halfway between the trough of 16/s and the peak of 200/s.
    expect(requests.length / (108 * 600)).toBeCloseTo(1, 1);
  });

  test("comes in order, within the run, most of it around the peak", () => {
    expect(requests.every(({ atMs }, i) => atMs >= (requests[i - 1]?.atMs ?? 0) && atMs < 600_000)).toBe(true);
    const middle = requests.filter(({ atMs }) => atMs > 200_000 && atMs < 400_000).length;
    expect(middle / requests.length).toBeGreaterThan(0.5);
  });

  test("has a few denied and unauthenticated requests among the allowed", () => {
    const part = (expected: string) =>
      requests.filter((request) => request.expected === expected).length / requests.length;
    expect(part("denied")).toBeCloseTo(0.02, 2);
    expect(part("unauthenticated")).toBeCloseTo(0.01, 2);
    const spelt = { allowed: /^demo-u\d+$/, denied: /^demo-revoked-u\d+$/, unauthenticated: /^none$/ };
    expect(requests.filter(({ token, expected }) => !spelt[expected].test(token ?? "none"))).toEqual([]);
  });

  test("lets each user request only a few resources of their own", () => {
    const owners = new Map<string, string>();
    const strangers = requests.filter(({ path, token, expected }) => {
      if (expected !== "allowed" || token === undefined) return false;
      const owner = owners.get(path);
      owners.set(path, token);
      return owner !== undefined && owner !== token;
    });
    expect(strangers).toEqual([]);
    expect(owners.size).toBeLessThanOrEqual(2000);
  });
});

test("a trace keeps its order and gaps, at the given speed", () => {
  const trace = [
    { atSeconds: 0, client: 4, key: 9 },
    { atSeconds: 90, client: 5, key: 9 },
  ];
  expect([...traceWorkload(trace, 60, spelling)]).toEqual([
    { atMs: 0, path: "/orders/9", token: "demo-u4", expected: "allowed" },
    { atMs: 1500, path: "/orders/9", token: "demo-u5", expected: "allowed" },
  ]);
});

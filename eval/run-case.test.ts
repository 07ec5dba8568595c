import { beforeAll, describe, expect, it } from "vitest";
import { bothWays, type Case } from "./cases.ts";
import { GuestCalls } from "./guests/guest-calls.ts";
import { type CaseResult, runCase } from "./run-case.ts";

const low: Case = {
  source: { kind: "scenario", name: "low" },
  seeds: [1, 2],
  guest: { rule: "built-in" },
  ttlMs: 300_000,
  ttlCapMs: 7_200_000,
  entryBytes: 1_000,
  handover: false,
  eviction: false,
  real: false,
  variantSeeds: [2],
};

const run = (given: Case): Promise<CaseResult> => runCase(given, new GuestCalls());

describe("the rows of a case", () => {
  let plain: CaseResult;
  let lossless: CaseResult;
  beforeAll(async () => {
    const [without, withHandover] = bothWays(low);
    plain = await run(without);
    lossless = await run(withHandover);
  }, 60_000);

  it("are identified by scenario, seed, policy and handover", () => {
    const rows = [...plain.rows, ...lossless.rows];
    const names = rows.map(({ scenario, seed, policy, handover }) => `${scenario}/${seed}/${policy}/${handover}`);
    expect(new Set(names).size).toBe(rows.length);
  });

  it("with handover have three timers and no optimum, and lose nothing", () => {
    const policies = new Set(lossless.rows.map(({ policy }) => policy));
    expect([...policies]).toEqual(["never", "measured", "ratio", "uptime-5min", "uptime-20min", "uptime-60min"]);
    for (const row of lossless.rows)
      expect(row).toMatchObject({ handover: true, extraOutbound: 0, extraOutboundWorstDay: 0 });
    expect(plain.rows.some(({ family, handover }) => family === "optimum" && !handover)).toBe(true);
  });

  it("count retired memory and the work of restarts", () => {
    for (const row of [...plain.rows, ...lossless.rows]) {
      expect(row.meanHeldBytes).toBe(row.meanAllocatedBytes + row.meanRetiredBytes);
      expect(row.cpuShare > 0).toBe(row.restarts > 0);
      expect(row.meanRetiredBytes > 0).toBe(row.restarts > 0);
    }
    const never = lossless.rows.find(({ policy }) => policy === "never")!;
    expect(never.floorBytes).toBeGreaterThan(0);
    expect(never.floorBytes).toBeLessThanOrEqual(never.meanAllocatedBytes);
  });

  it("have the operator's share, and an estimate only of measured", () => {
    const named = (name: string) => plain.rows.find(({ policy }) => policy === name)!;
    expect([named("measured").share, named("measured-0.1%").share, named("uptime-60min").share]).toEqual([
      0.01, 0.001, 0.01,
    ]);
    expect(named("measured").ttl.finalMs).toBeGreaterThan(0);
    expect(named("ratio").ttl).toEqual({
      finalMs: null,
      firstMeasuredMs: null,
      worstWhileMeasured: null,
      longestOffMs: null,
    });
    expect(named("never").ttlChanges).toBe(false);
  });

  it("have the variants of policies only with the seeds that ask for them", () => {
    const seedsOf = (name: string) => plain.rows.filter(({ policy }) => policy === name).map(({ seed }) => seed);
    expect(seedsOf("measured")).toEqual([1, 2]);
    expect(seedsOf("measured-3%")).toEqual([2]);
    expect(seedsOf("ratio-remembered")).toEqual([2]);
  });

  it("carry nothing that only the simulation needs", () => {
    expect(plain.rows.some((row) => "outboundOver" in row)).toBe(false);
  });
});

it("a TTL that changes is marked, and has no optimum", async () => {
  const source = { kind: "scenario", name: "ttl-down" } as const;
  const { info, rows } = await run({ ...low, source, seeds: [1], ttlMs: 600_000, families: ["optimum"] });
  expect(rows.map(({ policy }) => policy)).toEqual(["never"]);
  expect(rows[0]!.ttlChanges).toBe(true);
  expect(info.oneTtl).toBe(false);
  // A tenth of the TTL from noon on: fewer live entries than at 600 s all day.
  const constant = await run({
    ...low,
    source: { kind: "scenario", name: "constant" },
    seeds: [1],
    ttlMs: 600_000,
    families: [],
  });
  expect(rows[0]!.meanRequiredBytes!).toBeLessThan(0.75 * constant.rows[0]!.meanRequiredBytes!);
}, 60_000);

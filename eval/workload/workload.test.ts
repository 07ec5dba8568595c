import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { peakEntries } from "./peak-entries.ts";
import { readTrace } from "./read-trace.ts";
import { SCENARIOS, scenarioNamed } from "./scenarios.ts";
import { durationMs, type Workload, WorkloadBuilder } from "./workload.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAYS: Readonly<Record<string, number>> = { week: 7, growth: 3 };

/** Requests of the workload from one time to another. */
function requestsIn({ timesMs }: Workload, fromMs: number, untilMs: number): number {
  return timesMs.reduce((sum, timeMs) => (timeMs >= fromMs && timeMs < untilMs ? sum + 1 : sum), 0);
}

const generated = new Map<string, Workload>();

/** A scenario with seed 1. Some take half a second. */
function made(name: string): Workload {
  const workload = generated.get(name) ?? scenarioNamed(name).make(1);
  generated.set(name, workload);
  return workload;
}

describe("a scenario", () => {
  it.each(SCENARIOS.map(({ name }) => name))("%s has requests in order, the same for the same seed", (name) => {
    const { timesMs, keys, keyCount } = scenarioNamed(name).make(3);
    expect(timesMs.every((timeMs, index) => timeMs >= (timesMs[index - 1] ?? 0))).toBe(true);
    expect(keys.every((key) => key >= 0 && key < keyCount)).toBe(true);
    expect(timesMs.at(-1)).toBeLessThan((DAYS[name] ?? 1) * DAY_MS);
    expect(timesMs.at(-1)).toBeGreaterThan(((DAYS[name] ?? 1) - 0.1) * DAY_MS);
    expect(timesMs.length).toBeLessThan(700_000);
    const again = scenarioNamed(name).make(3);
    expect([again.timesMs.length, again.timesMs.at(-1)]).toEqual([timesMs.length, timesMs.at(-1)]);
    expect(made(name).timesMs.at(-1)).not.toBe(timesMs.at(-1));
  });

  it("with an unknown name is refused", () => {
    expect(() => scenarioNamed("weekly")).toThrow(/weekly: allowed are constant, diurnal/);
  });

  it("low-hits asks for something new nine times in ten", () => {
    const { keys, keyCount } = made("low-hits");
    expect(keyCount / keys.length).toBeGreaterThan(0.88);
    expect(keyCount / keys.length).toBeLessThan(0.92);
  });

  it("bursts, decline, week and growth change their load as they say", () => {
    const ratio = (name: string, from: [number, number], to: [number, number]) =>
      requestsIn(made(name), ...to) / requestsIn(made(name), ...from);
    expect(ratio("bursts", [0, HOUR_MS / 6], [HOUR_MS / 2, HOUR_MS / 2 + HOUR_MS / 6])).toBeCloseTo(0.05, 1);
    expect(ratio("decline", [0, HOUR_MS], [23 * HOUR_MS, DAY_MS])).toBeCloseTo(0.1, 1);
    expect(ratio("week", [0, DAY_MS], [6 * DAY_MS, 7 * DAY_MS])).toBeCloseTo(1 / 3, 1);
    expect(ratio("growth", [0, DAY_MS], [2 * DAY_MS, 3 * DAY_MS])).toBeCloseTo(2 ** (2 / 3), 1);
  });

  it("denial-flood adds strangers for an hour, who come once each and have the last keys", () => {
    const { timesMs, keys, keyCount, deniedFrom } = made("denial-flood");
    const strangers = [...keys.keys()].filter((index) => keys[index]! >= deniedFrom!);
    expect(strangers.length).toBeGreaterThan(70_000);
    expect(keyCount - deniedFrom!).toBe(strangers.length);
    expect(timesMs[strangers[0]!]).toBeGreaterThanOrEqual(10 * HOUR_MS);
    expect(timesMs[strangers.at(-1)!]).toBeLessThan(11 * HOUR_MS);
    expect(made("diurnal").deniedFrom).toBeUndefined();
  });

  it("low has fewer than 30 entries alive at once", () => {
    expect(peakEntries(made("low"), 300_000)).toBeLessThan(30);
  });
});

describe("a recorded trace", () => {
  const file = (text: string): string => {
    const path = join(mkdtempSync(join(tmpdir(), "trace-")), "day.csv");
    writeFileSync(path, text);
    return path;
  };

  it("has a decision key for each client, or for each resource of a client", () => {
    const path = file("t,client,key\n0,1,1\n1,1,2\n2,2,1\n3,1,1\n");
    expect([...readTrace(path, "client", 1).keys]).toEqual([0, 0, 1, 0]);
    expect([...readTrace(path, "client+key", 1).keys]).toEqual([0, 1, 2, 0]);
    expect(readTrace(path, "client", 1).name).toBe("day");
  });

  it("can be played faster", () => {
    expect(durationMs(readTrace(file("0,1,1\n600,1,1\n"), "client", 60))).toBe(10_000);
  });

  it("is refused with the file and the invalid line", () => {
    expect(() => readTrace(file("0,1,1\nsoon,1,1\n"), "client", 1)).toThrow(/day\.csv:2: t is not a number/);
    expect(() => readTrace(file("t,client,key\n"), "client", 1)).toThrow(/no requests/);
  });
});

it("peakEntries leaves out strangers", () => {
  const builder = new WorkloadBuilder();
  builder.addStranger(0);
  builder.add(1, "a");
  builder.addStranger(2);
  expect([...builder.build("flood").keys]).toEqual([1, 0, 2]);
  expect(peakEntries(builder.build("flood"), 100)).toBe(1);
});

it("peakEntries counts an entry until the moment it expires", () => {
  const builder = new WorkloadBuilder();
  for (const [timeMs, key] of [
    [0, 0],
    [10, 1],
    [20, 0],
    [100, 2],
    [109, 3],
    [110, 4],
  ] as const) {
    builder.add(timeMs, key);
  }
  expect(peakEntries(builder.build("few"), 100)).toBe(3);
});

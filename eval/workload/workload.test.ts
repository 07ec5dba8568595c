import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { peakEntries } from "./peak-entries.ts";
import { readTrace } from "./read-trace.ts";
import { SCENARIOS, scenarioNamed } from "./scenarios.ts";
import { durationMs, WorkloadBuilder } from "./workload.ts";

describe("a scenario", () => {
  it.each(SCENARIOS.map(({ name }) => name))(
    "%s has a day of requests in order, the same for the same seed",
    (name) => {
      const { timesMs, keys, keyCount } = scenarioNamed(name).make(3);
      expect(timesMs.every((timeMs, index) => timeMs >= (timesMs[index - 1] ?? 0))).toBe(true);
      expect(keys.every((key) => key >= 0 && key < keyCount)).toBe(true);
      expect(timesMs.at(-1)).toBeLessThan(86_400_000);
      const again = scenarioNamed(name).make(3);
      expect([again.timesMs.length, again.timesMs.at(-1)]).toEqual([timesMs.length, timesMs.at(-1)]);
      expect(scenarioNamed(name).make(4).timesMs.at(-1)).not.toBe(timesMs.at(-1));
    },
  );

  it("with an unknown name is refused", () => {
    expect(() => scenarioNamed("weekly")).toThrow(/weekly: allowed are constant, diurnal/);
  });

  it("low has fewer than 30 entries alive at once", () => {
    expect(peakEntries(scenarioNamed("low").make(1), 300_000)).toBeLessThan(30);
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

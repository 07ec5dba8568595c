import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { formatTrace } from "../scripts/traffic/testing/format-trace.ts";
import { parseTrace } from "../scripts/traffic/trace.ts";
import { loadTraces } from "./traces.ts";

describe("the traces of this machine", () => {
  test.each(loadTraces())("$name has requests of many clients, in order", ({ requests }) => {
    expect(requests.length).toBeGreaterThan(5_000);
    expect(new Set(requests.map(({ client }) => client)).size).toBeGreaterThan(500);
    expect(requests.every(({ atSeconds }, i) => atSeconds >= (requests[i - 1]?.atSeconds ?? 0))).toBe(true);
  });
});

describe("without recorded traces", () => {
  const [day, ...others] = loadTraces("/nowhere");

  test("there is one synthetic day, the same on every machine", () => {
    expect(others).toEqual([]);
    expect(day?.requests).toEqual(loadTraces("/nowhere")[0]?.requests);
    expect(day?.requests.length).toBeGreaterThan(30_000);
    expect(day?.requests.length).toBeLessThan(40_000);
  });

  test("it has the format of a recorded trace", () => {
    const requests = day?.requests ?? [];
    expect(parseTrace(formatTrace(requests))).toEqual({ requests, problems: [] });
  });

  test("its load rises and falls", () => {
    const inHour = (hour: number) =>
      day?.requests.filter(({ atSeconds }) => Math.floor(atSeconds / 3600) === hour).length ?? 0;
    expect(inHour(12)).toBeGreaterThan(8 * inHour(0));
    expect(inHour(12)).toBeGreaterThan(8 * inHour(23));
  });

  test("some of its clients send far more requests than others", () => {
    const requestsOf = new Map<number, number>();
    for (const { client } of day?.requests ?? []) requestsOf.set(client, (requestsOf.get(client) ?? 0) + 1);
    const counts = [...requestsOf.values()].sort((a, b) => b - a);
    expect(counts[0]).toBeGreaterThan(300);
    expect(counts.at(-1)).toBe(1);
  });
});

describe("a folder of traces", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ebb-traces-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("is read file by file, and other files are ignored", () => {
    writeFileSync(join(folder, "b.csv"), "t,client,key\n1,2,3\n");
    writeFileSync(join(folder, "a.csv"), "t,client,key\n");
    writeFileSync(join(folder, "README.md"), "not a trace");
    expect(loadTraces(folder)).toEqual([
      { name: "a.csv", requests: [] },
      { name: "b.csv", requests: [{ atSeconds: 1, client: 2, key: 3 }] },
    ]);
  });

  test("with a damaged file is refused, because results would silently change", () => {
    writeFileSync(join(folder, "a.csv"), "t,client,key\n1,2\n");
    expect(() => loadTraces(folder)).toThrow("a.csv:2: expected 3 fields");
  });

  test("without any trace counts as none", () => {
    expect(loadTraces(folder)).toMatchObject([{ name: "synthetic day" }]);
  });
});

import { describe, expect, it } from "vitest";
import { EventLog, LINE_LIMITS } from "./events.ts";

const TRAP = { generation: 1, allocatedBytes: 65_536, failuresInARow: 1, pauseMs: 0 };
const PURGE = { credentials: null, purged: 3, stored: false, error: null };

function logged(service: string | null = "orders") {
  const lines: string[] = [];
  const clock = { nowMs: 1_000_000 };
  const log = new EventLog(
    service,
    () => clock.nowMs,
    (line) => lines.push(line),
  );
  return { lines, clock, log };
}

describe("an event", () => {
  it("is one line of JSON that begins with its name and service", () => {
    const { lines, log } = logged();
    log.write("trap", TRAP);
    expect(lines).toEqual([
      '{"event":"trap","service":"orders","generation":1,"allocatedBytes":65536,"failuresInARow":1,"pauseMs":0,"cfRay":null}',
    ]);
  });

  it("ends with the ray of the request that caused it", () => {
    const { lines, log } = logged();
    log.write("trap", TRAP, "8f1c2a3b4d5e6f70-FRA");
    expect(JSON.parse(lines[0]!)).toEqual({
      event: "trap",
      service: "orders",
      ...TRAP,
      cfRay: "8f1c2a3b4d5e6f70-FRA",
    });
  });

  it("stays one line whatever its texts are", () => {
    const { lines, log } = logged();
    const error = 'two\nlines, "quoted"\u2028{"event":"trap"}';
    log.write("purge", { ...PURGE, error });
    expect(lines[0]).not.toContain("\n");
    expect(JSON.parse(lines[0]!)).toMatchObject({ event: "purge", error });
  });

  it("of the isolate has no service, unless it is about one", () => {
    const { lines, log } = logged(null);
    log.write("reclaim", { isolateId: "i", releasedBytes: 1, freedBytes: 1, tookMs: 1, failuresInARow: 0 });
    expect(JSON.parse(lines[0]!)).toMatchObject({ event: "reclaim", service: null });
  });
});

describe("events that a client might cause", () => {
  it("are limited each for itself, and the next line has the number left out", () => {
    const { lines, clock, log } = logged();
    for (let n = 0; n < LINE_LIMITS.lines + 7; n += 1) log.write("trap", TRAP);
    expect(lines).toHaveLength(LINE_LIMITS.lines);
    log.write("gate_closed", { gate: "failurePolicy", openMs: 5 });
    expect(lines).toHaveLength(LINE_LIMITS.lines + 1);
    clock.nowMs += LINE_LIMITS.intervalMs;
    log.write("trap", TRAP);
    log.write("trap", TRAP);
    expect(lines.slice(-2).map((line) => JSON.parse(line).leftOut)).toEqual([7, undefined]);
  });

  it("are not held back for long by a clock that was set back", () => {
    const { lines, clock, log } = logged();
    for (let n = 0; n < LINE_LIMITS.lines + 1; n += 1) log.write("trap", TRAP);
    clock.nowMs -= 3_600_000;
    log.write("trap", TRAP);
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ leftOut: 1 });
  });
});

it("every purge is logged", () => {
  const { lines, log } = logged();
  for (let n = 0; n < 10 * LINE_LIMITS.lines; n += 1) log.write("purge", PURGE);
  expect(lines).toHaveLength(10 * LINE_LIMITS.lines);
});

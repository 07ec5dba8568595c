import { expect, it } from "vitest";
import { RateLimitedLog } from "./rate-limited-log.ts";

function start() {
  const lines: string[] = [];
  let nowMs = 0;
  const log = new RateLimitedLog(
    (line) => lines.push(line),
    () => nowMs,
  );
  return {
    lines,
    at: (ms: number, line: string) => {
      nowMs = ms;
      log.error(line);
    },
  };
}

it("writes each text at most once a second, with the number of lines left out", () => {
  const { lines, at } = start();
  for (const ms of [0, 1, 999]) at(ms, "a");
  at(999, "b");
  for (const ms of [1_000, 1_001, 2_000]) at(ms, "a");
  expect(lines).toEqual(["a", "b", "a (2 more like it since the last line)", "a (1 more like it since the last line)"]);
});

it("keeps writing after the clock is set back", () => {
  const { lines, at } = start();
  at(1e12, "a");
  at(0, "a");
  expect(lines).toEqual(["a", "a"]);
});

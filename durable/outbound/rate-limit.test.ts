import { expect, it } from "vitest";
import { rateLimit } from "./rate-limit.ts";

it("is what the binding says for the client's group", async () => {
  const keys: string[] = [];
  const value = {
    async limit({ key }: { key: string }) {
      keys.push(key);
      return { success: key !== "b" };
    },
  };
  const mayCall = rateLimit({ name: "MISSES", value }, () => {})!;
  expect([await mayCall("a"), await mayCall("b"), keys]).toEqual([true, false, ["a", "b"]]);
});

it("limits no one if it is not configured, is missing or fails, and logs a failure once", async () => {
  const lines: string[] = [];
  const log = (line: string) => lines.push(line);
  expect(rateLimit(undefined, log)).toBeUndefined();
  expect(lines).toEqual([]);
  expect(rateLimit({ name: "MISSES", value: undefined }, log)).toBeUndefined();
  const failing = rateLimit({ name: "MISSES", value: { limit: () => Promise.reject(new Error("gone")) } }, log)!;
  expect([await failing("a"), await failing("a")]).toEqual([true, true]);
  expect(lines).toEqual([expect.stringContaining("MISSES is missing"), expect.stringContaining("gone")]);
});

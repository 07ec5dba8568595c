import { describe, expect, it } from "vitest";
import { fnv1a64 } from "./fnv1a.ts";

describe("fnv1a64", () => {
  it.each([
    ["", "cbf29ce484222325"],
    ["a", "af63dc4c8601ec8c"],
    ["foobar", "85944171f73967e8"],
  ])("gives the published value for %j", (text, hash) => {
    expect(fnv1a64(text)).toBe(hash);
  });

  it("hashes UTF-8 bytes, not code units", () => {
    expect(fnv1a64("é")).not.toBe(fnv1a64("\u00c3"));
    expect(fnv1a64("é")).toHaveLength(16);
  });
});

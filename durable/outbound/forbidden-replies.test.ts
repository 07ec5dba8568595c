import { describe, expect, it } from "vitest";
import { ForbiddenReplies, forbidsKeeping } from "./forbidden-replies.ts";

describe("a reply", () => {
  it.each([
    "no-store",
    "No-Store",
    "private, no-cache",
    'no-cache="set-cookie"',
    "max-age=0",
    's-maxage="0"',
    "max-age=60, no-store",
  ])("with Cache-Control %j forbids to keep the decision", (value) => {
    expect(forbidsKeeping([["cache-control", value]])).toBe(true);
  });

  it.each(["", "max-age=60", "private", "public, s-maxage=10", "x-no-store", "max-age=00010"])(
    "with Cache-Control %j does not",
    (value) => {
      expect(forbidsKeeping([["cache-control", value]])).toBe(false);
      expect(forbidsKeeping([["x-other", "no-store"]])).toBe(false);
    },
  );
});

describe("replies that may not be kept", () => {
  const noStore: [string, string][] = [["cache-control", "no-store"]];

  it("are told of once, when none of the first twenty may be kept", () => {
    let told = 0;
    const replies = new ForbiddenReplies(() => (told += 1));
    for (let n = 0; n < 19; n += 1) expect(replies.note(noStore)).toBe(true);
    expect(told).toBe(0);
    for (let n = 0; n < 100; n += 1) replies.note(noStore);
    expect(told).toBe(1);
  });

  it("are not told of if one of them may be kept", () => {
    let told = 0;
    const replies = new ForbiddenReplies(() => (told += 1));
    replies.note([]);
    for (let n = 0; n < 100; n += 1) replies.note(noStore);
    expect(told).toBe(0);
  });
});

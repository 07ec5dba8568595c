import { describe, expect, it } from "vitest";
import { nearestName, oneOf } from "./suggest.ts";

const known = ["route", "upstream", "failOpen", "cache"];

describe("nearestName", () => {
  it.each([
    ["rout", "route"],
    ["upsteram", "upstream"],
    ["fail_open", "failOpen"],
    ["FAILOPEN", "failOpen"],
  ])("corrects %s to %s", (written, meant) => {
    expect(nearestName(written, known)).toBe(meant);
  });

  it.each(["", "x", "zzzzzzzz", "authorization"])("has no suggestion for %j", (written) => {
    expect(nearestName(written, known)).toBeUndefined();
  });
});

describe("oneOf", () => {
  it("lists all names and suggests the nearest one", () => {
    expect(oneOf(["auth", "opa", "idp"], "atuh")).toBe('"auth", "opa" or "idp" (did you mean "auth"?)');
    expect(oneOf(["auth"])).toBe('"auth"');
  });
});

import { describe, expect, it } from "vitest";
import { cookieNamed, withoutCookies } from "./cookies.ts";
import { UNREADABLE } from "./reading.ts";

describe("a credential in a cookie", () => {
  it.each([
    ["sid=abc", "abc"],
    ["a=1; sid=abc; b=2", "abc"],
    [" sid =abc", "abc"],
    ["sid=a=b", "a=b"],
    ["sid=", ""],
    ["sid", undefined],
    ["SID=abc", undefined],
    ["xsid=abc", undefined],
    ["a=sid=abc", undefined],
    ["", undefined],
  ])("in %j is %j", (cookies, found) => {
    expect(cookieNamed(cookies, "sid")).toBe(found);
  });

  it.each([
    "sid=a; sid=a",
    "sid=a; SID=b",
    "sid=a; s%69d=b",
    "sid=a; sid[x]=b",
    "sid=a; x sid=b",
    'sid=a; x="1, sid=b',
    "sid=a; sid =b",
  ])("in %j has two readings", (cookies) => {
    expect(cookieNamed(cookies, "sid")).toBe(UNREADABLE);
  });

  it.each([
    ["a=1; sid=x; b=2", "a=1; b=2"],
    ["sid=x", ""],
    ["SID=x; a=1", "a=1"],
    ["a=1; s%49d=x", "a=1"],
    ["a=1; sid[0]=x", "a=1"],
    ["a=1 sid=x; b=2", "b=2"],
    ["sidx=1; asid=2; a=sid", "sidx=1; asid=2; a=sid"],
    ["a=1;;b=2", "a=1;;b=2"],
  ])("is taken out of %j in any spelling: %j", (cookies, left) => {
    expect(withoutCookies(cookies, ["sid"])).toBe(left);
  });

  it("whose name has characters that servers read as underscores is found under them", () => {
    expect(withoutCookies("a_b=1; a.b=2; a b=3; A[b=4; c=5", ["a.b"])).toBe("c=5");
  });
});

import { describe, expect, it } from "vitest";
import { claimAt, meets } from "./claim-conditions.ts";
import type { ClaimTest } from "./gateway.ts";

const meetsTest = (claim: unknown, test: ClaimTest) => meets({ claim }, { path: ["claim"], test });

describe("a condition of one value", () => {
  it.each<[string | number | boolean]>([["admin"], ["3"], [3], [0], [1.5], [true], [false]])(
    "%j is met by itself",
    (value) => {
      expect(meetsTest(value, { oneOf: [value] })).toBe(true);
    },
  );

  it.each<[string | number | boolean, unknown]>([
    ["admin", "Admin"],
    ["admin", "admin "],
    ["admin", ["admin"]],
    ["admin", { admin: true }],
    ["3", 3],
    [3, "3"],
    [1, true],
    [true, "true"],
    [true, 1],
    [false, null],
    [0, false],
    ["null", null],
    ["undefined", undefined],
    ["é", "e\u0301"],
    ["[object Object]", {}],
  ])("%j is not met by %j", (value, claim) => {
    expect(meetsTest(claim, { oneOf: [value] })).toBe(false);
  });

  it("is met by a number however it is written", () => {
    expect(meets(JSON.parse('{"claim":1.0e0}'), { path: ["claim"], test: { oneOf: [1] } })).toBe(true);
    expect(meets(JSON.parse('{"claim":1e400}'), { path: ["claim"], test: { oneOf: [Number.MAX_SAFE_INTEGER] } })).toBe(
      false,
    );
  });
});

describe("a condition of several values", () => {
  it("is met by any of them", () => {
    const test = { oneOf: ["a", 2, true] };
    for (const claim of ["a", 2, true]) expect(meetsTest(claim, test)).toBe(true);
    for (const claim of ["b", "2", false, null, ["a"]]) expect(meetsTest(claim, test)).toBe(false);
  });
});

describe("a condition on a list", () => {
  it.each<[unknown]>([[["staff"]], [["a", "staff"]], [[null, {}, ["x"], "staff"]]])("is met by %j", (claim) => {
    expect(meetsTest(claim, { includes: "staff" })).toBe(true);
  });

  it.each<[unknown]>([
    ["staff"],
    ["staff,admin"],
    [[]],
    [["Staff"]],
    [[["staff"]]],
    [[{ staff: true }]],
    [{ 0: "staff", length: 1 }],
    [null],
    [undefined],
  ])("is not met by %j", (claim) => {
    expect(meetsTest(claim, { includes: "staff" })).toBe(false);
  });

  it("compares types", () => {
    expect(meetsTest([3], { includes: 3 })).toBe(true);
    expect(meetsTest(["3"], { includes: 3 })).toBe(false);
    expect(meetsTest([true], { includes: true })).toBe(true);
  });
});

describe("a claim", () => {
  it("is found at its path", () => {
    expect(claimAt({ a: { "b.c": { d: [1] } } }, ["a", "b.c", "d"])).toEqual([1]);
    expect(claimAt({ a: null }, ["a"])).toBeNull();
  });

  it.each<[unknown, string[]]>([
    [{ a: 1 }, ["b"]],
    [{ a: 1 }, ["a", "b"]],
    [{ a: "text" }, ["a", "length"]],
    [{ a: ["x"] }, ["a", "0"]],
    [{ a: ["x"] }, ["a", "length"]],
    [{ a: null }, ["a", "b"]],
    [null, ["a"]],
    [undefined, ["a"]],
    ["text", ["length"]],
    [[1], ["length"]],
    [{}, ["constructor"]],
    [{}, ["__proto__"]],
    [{}, ["toString"]],
    [{ a: {} }, ["a", "constructor", "name"]],
  ])("of %j is not found at %j", (claims, path) => {
    expect(claimAt(claims, path)).toBeUndefined();
  });

  it("named like a member of every object is data", () => {
    const claims: unknown = JSON.parse('{"__proto__":{"role":"admin"},"constructor":"a"}');
    expect(claimAt(claims, ["role"])).toBeUndefined();
    expect(claimAt(claims, ["__proto__", "role"])).toBe("admin");
    expect(claimAt(claims, ["constructor"])).toBe("a");
  });
});

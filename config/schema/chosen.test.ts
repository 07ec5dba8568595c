import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { aList, anObject, chosen, discriminated, theText, withField, withOneOf, withValue } from "./chosen.ts";
import { fields } from "./fields.ts";

function problemsOf(schema: v.GenericSchema, input: unknown): string[] {
  const { issues = [] } = v.safeParse(schema, input);
  return issues.map((issue) => `${v.getDotPath(issue) ?? ""}: ${issue.message}`);
}

describe("chosen", () => {
  const schema = chosen<unknown>("all or some", [
    [theText("all"), v.string()],
    [aList, v.array(v.number("a number"))],
  ]);

  it("has only the problems of the shape that is meant", () => {
    expect(problemsOf(schema, ["a"])).toEqual(["0: a number"]);
    expect(problemsOf(schema, "all")).toEqual([]);
  });

  it.each([undefined, null, "some", {}, () => []])("refuses %s with the phrase for all shapes", (input) => {
    expect(problemsOf(schema, input)).toEqual([": all or some"]);
  });
});

describe("discriminated", () => {
  const schema = discriminated<unknown>("type", { a: fields({ type: v.literal("a") }) });

  it.each(["b", "constructor", "__proto__", "toString", undefined, ["a"]])(
    "refuses the type %s at its place",
    (type) => {
      expect(problemsOf(schema, { type })).toEqual(['type: one of "a"']);
    },
  );
});

describe("shapes", () => {
  it("tell a field that is there from one that has a value", () => {
    const input = { a: undefined };
    expect([withField("a").matches(input), withValue("a").matches(input)]).toEqual([true, false]);
    expect([withField("b").matches(input), withValue("b").matches(input)]).toEqual([false, false]);
  });

  it("read fields below fields, and never inherited ones", () => {
    const isJwt = withOneOf(["authorization", "protocol"], ["jwt"]);
    expect(isJwt.matches({ authorization: { protocol: "jwt" } })).toBe(true);
    expect(isJwt.matches({ authorization: Object.create({ protocol: "jwt" }) })).toBe(false);
    for (const input of [null, "jwt", [], { authorization: "jwt" }, { authorization: null }]) {
      expect(isJwt.matches(input)).toBe(false);
    }
  });

  it("take no list, module or date for an object", () => {
    for (const input of [[], new Date(), new Map(), null]) expect(anObject.matches(input)).toBe(false);
  });
});

describe("fields", () => {
  it.each(["__proto__", "prototype", "constructor"])("refuse a field named %s, which valibot would drop", (name) => {
    const input = JSON.parse(`{"${name}": 1}`);
    expect(problemsOf(fields({ a: v.optional(v.string()) }), input)).toEqual([
      ": names other than __proto__, prototype, constructor",
    ]);
  });
});

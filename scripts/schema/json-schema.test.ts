import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { aList, anObject, chosen, discriminated, withField } from "../../config/schema/chosen.ts";
import { fields, list, NOT_IN_JSON, named, refused, text, wholeNumber } from "../../config/schema/fields.ts";
import { jsonSchemaOf } from "./json-schema.ts";

const word = text("a word", /^[a-z]+$/, 10);

describe("jsonSchemaOf", () => {
  it("has bounds, unit and what is allowed in words", () => {
    expect(jsonSchemaOf(wholeNumber(1, 6, "dice"))).toEqual({
      title: "a whole number from 1 to 6 (dice)",
      type: "integer",
      minimum: 1,
      maximum: 6,
      "x-unit": "dice",
    });
    expect(jsonSchemaOf(word)).toEqual({
      title: "a word, at most 10 characters",
      type: "string",
      maxLength: 10,
      pattern: "^[a-z]+$",
    });
    expect(jsonSchemaOf(list(word, "a list of words", { min: 1, max: 3 }))).toMatchObject({
      type: "array",
      minItems: 1,
      maxItems: 3,
      items: { pattern: "^[a-z]+$" },
    });
    expect(jsonSchemaOf(named(word, v.boolean(), "an object", 5))).toMatchObject({
      type: "object",
      maxProperties: 5,
      propertyNames: { pattern: "^[a-z]+$", not: { enum: ["__proto__", "prototype", "constructor"] } },
      additionalProperties: { type: "boolean" },
    });
  });

  it("has required fields, defaults, and no fields that are refused", () => {
    const schema = fields({ a: word, b: v.optional(v.boolean("yes or no"), true), c: refused("not c") });
    expect(jsonSchemaOf(schema)).toMatchObject({
      type: "object",
      required: ["a"],
      additionalProperties: false,
      properties: { b: { type: "boolean", default: true } },
    });
    expect(jsonSchemaOf(schema).properties).not.toHaveProperty("c");
  });

  it("does not require what JSON cannot have", () => {
    const only = v.pipe(
      v.custom<() => void>((value) => typeof value === "function", "a function"),
      v.metadata(NOT_IN_JSON),
    );
    expect(jsonSchemaOf(fields({ handler: only }))).toMatchObject({
      properties: { handler: { not: {}, "x-not-in-json": true, title: "a function" } },
      "x-required-in-typescript": ["handler"],
    });
    expect(jsonSchemaOf(fields({ handler: only })).required).toBeUndefined();
  });

  it("chooses as the schema does", () => {
    const schema = chosen<unknown>("a word or words", [[aList, list(word, "words", { min: 0, max: 2 })]], word);
    expect(jsonSchemaOf(schema)).toMatchObject({
      title: "a word or words",
      if: { type: "array" },
      then: { type: "array", maxItems: 2 },
      else: { type: "string" },
    });
    expect(jsonSchemaOf(chosen<unknown>("a thing", [[anObject, fields({ a: word })]]))).toMatchObject({
      type: "object",
      required: ["a"],
    });
    const named = discriminated<unknown>("type", {
      x: fields({ type: v.literal("x") }),
      y: fields({ type: v.literal("y") }),
    });
    expect(jsonSchemaOf(named)).toMatchObject({
      if: { properties: { type: { const: "x" } } },
      else: { else: { properties: { type: { enum: ["x", "y"] } }, "x-refused": true } },
    });
  });

  it("leaves out a field where its presence chooses another shape", () => {
    const known = fields({ url: word, binding: v.optional(word) });
    const node = jsonSchemaOf(chosen<unknown>("a server", [[withField("binding"), fields({ binding: word })]], known));
    expect(Object.keys(node.else?.properties ?? {})).toEqual(["url"]);
  });

  it.each([
    ["a lazy schema without cases", v.lazy(() => v.string()), /a\.b: .*v\.lazy.*chosen/],
    ["a custom schema without metadata", v.custom(() => true), /a\.b: .*v\.custom.*v\.metadata/],
    ["a bound after a transform", v.pipe(v.string(), v.trim(), v.maxLength(3)), /a\.b: .*max_length.*transform/],
    ["a date", v.date(), /cannot be converted/],
  ])("refuses %s, and names the way out", (_, schema, message) => {
    expect(() => jsonSchemaOf(v.looseObject({ b: schema }), "a")).toThrow(message);
  });
});

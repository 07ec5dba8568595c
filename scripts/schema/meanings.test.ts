import { afterAll, describe, expect, it } from "vitest";
import { InputTypes } from "./input-types.ts";
import type { JsonSchema } from "./json-schema.ts";
import { Meanings } from "./meanings.ts";

const types = new InputTypes();
afterAll(() => types[Symbol.dispose]());

function join(schema: JsonSchema, typeName: string): { joined: JsonSchema; mismatches: string[] } {
  const meanings = new Meanings(types, { source: "config/input.ts", needsComments: true });
  const joined = meanings.join(schema, types.declared("config/input.ts", typeName));
  return { joined, mismatches: meanings.mismatches.map(({ path, problem }) => `${path}: ${problem}`) };
}

const text: JsonSchema = { type: "string" };

describe("Meanings", () => {
  it("takes a field's meaning from its comment, and a shape's from its type", () => {
    const { joined, mismatches } = join(
      { type: "object", properties: { secret: text }, required: ["secret"] },
      "Secret",
    );
    expect(mismatches).toEqual([]);
    expect(joined).toMatchObject({
      "x-type": "Secret",
      description: expect.stringMatching(/^A value that is not in the file: .*secret\.$/),
      properties: { secret: { description: "Name of the environment variable." } },
    });
  });

  it("takes each shape's meaning from the type with the same constants", () => {
    const byUrl: JsonSchema = { type: "object", properties: { url: text }, required: ["url"] };
    const byBinding: JsonSchema = { type: "object", properties: { binding: text }, required: ["binding"] };
    const { joined, mismatches } = join(
      { if: { required: ["binding"] }, then: byBinding, else: byUrl },
      "UpstreamInput",
    );
    expect(mismatches).toEqual([]);
    expect(joined.then?.properties?.binding?.description).toMatch(/service binding/);
    expect(joined.else?.properties?.url?.description).toMatch(/path/);
  });

  it("reports a comment without a field", () => {
    const { mismatches } = join(
      { type: "object", properties: { services: text }, required: ["services"] },
      "GatewayInput",
    );
    expect(mismatches).toContain(".keySecret: it is in config/input.ts but not in the schema");
  });

  it("reports a field without a comment", () => {
    const { mismatches } = join(
      { type: "object", properties: { secret: text, other: text }, required: ["secret"] },
      "Secret",
    );
    expect(mismatches).toEqual(["other: it has no comment in config/input.ts"]);
  });

  it("reports a shape that no type has", () => {
    const { mismatches } = join({ type: "object", properties: { other: text }, required: ["other"] }, "Secret");
    expect(mismatches).toEqual([": no type in config/input.ts has exactly these required fields"]);
  });
});

import { secretName } from "../../config/schema/values.ts";
import { isPlaceOfVariable } from "../../config/variables.ts";
import { type JsonSchema, jsonSchemaOf } from "./json-schema.ts";

/**
 * The schema with `x-variable` wherever the gateway fills in the value of a variable. The schema of valibot knows none: it checks
 * the configuration after that.
 *
 * @param path of the node; `*` is any name or item
 */
export function withVariables(node: JsonSchema, path: readonly string[] = []): JsonSchema {
  const { properties, items, additionalProperties, then, else: otherwise, allOf } = node;
  const below = {
    ...node,
    ...(properties === undefined ? {} : { properties: mapped(properties, path) }),
    ...(items === undefined ? {} : { items: withVariables(items, [...path, "*"]) }),
    ...(typeof additionalProperties === "object"
      ? { additionalProperties: withVariables(additionalProperties, [...path, "*"]) }
      : {}),
    // One of several shapes is at the same place, and the place is marked already.
    ...(then === undefined ? {} : { then: unmarked(withVariables(then, path)) }),
    ...(otherwise === undefined ? {} : { else: unmarked(withVariables(otherwise, path)) }),
    ...(allOf === undefined ? {} : { allOf: allOf.map((each) => unmarked(withVariables(each, path))) }),
  };
  return isPlaceOfVariable(path) ? { ...below, "x-variable": true } : below;
}

function mapped(properties: Readonly<Record<string, JsonSchema>>, path: readonly string[]): Record<string, JsonSchema> {
  const entries = Object.entries(properties).map(([name, value]) => [name, withVariables(value, [...path, name])]);
  return Object.fromEntries(entries);
}

function unmarked({ "x-variable": _, ...node }: JsonSchema): JsonSchema {
  return node;
}

/** What chooses a variable, as the gateway does. */
export const CHOOSES_VARIABLE: JsonSchema = { type: "object", required: ["variable"] };

/** What `variable("NAME")` returns. */
export const VARIABLE: JsonSchema = {
  title: 'variable("NAME"): the value comes from the environment when the gateway runs',
  type: "object",
  properties: { variable: { ...jsonSchemaOf(secretName), title: 'its name, of letters, digits and "_"' } },
  required: ["variable"],
  additionalProperties: false,
};

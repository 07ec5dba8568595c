import type { JsonSchema } from "./json-schema.ts";
import { nameOf } from "./parts.ts";
import { CHOOSES_VARIABLE, VARIABLE } from "./variables.ts";

/** Notes for the page. */
const NOTES: readonly string[] = ["x-about", "x-refused", "x-type"];

/** The schema as a file has it: each part once, under `$defs`, and without notes for the page. */
export function withDefinitions(root: JsonSchema): JsonSchema {
  const definitions = new Definitions();
  const node = definitions.parts(root, "");
  return { ...node, $defs: definitions.all() };
}

class Definitions {
  readonly #names = new Map<string, string>();
  readonly #nodes = new Map<string, JsonSchema>();

  all(): Record<string, JsonSchema> {
    return Object.fromEntries([...this.#nodes].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** The node with references in place of its parts. */
  parts(node: JsonSchema, path: string): JsonSchema {
    const { properties, items, additionalProperties, then, else: otherwise, allOf, ...others } = node;
    const kept = Object.entries(others).filter(([keyword]) => !NOTES.includes(keyword));
    const below = path === "" ? "" : `${path}.`;
    return {
      ...Object.fromEntries(kept),
      ...this.#choices(node, path),
      ...(properties === undefined
        ? {}
        : { properties: mapped(properties, (value, name) => this.#part(value, `${below}${name}`)) }),
      ...(items === undefined ? {} : { items: this.#part(items, `${path}[]`) }),
      ...(typeof additionalProperties === "object"
        ? { additionalProperties: this.#part(additionalProperties, `${below}*`) }
        : additionalProperties === undefined
          ? {}
          : { additionalProperties }),
      ...(then === undefined ? {} : { then: this.#shape(then, path) }),
      ...(otherwise === undefined ? {} : { else: this.#shape(otherwise, path) }),
      ...(allOf === undefined ? {} : { allOf: allOf.map((each) => this.#shape(each, path)) }),
    };
  }

  /** `anyOf` and `oneOf`, in the places where they are. */
  #choices({ anyOf, oneOf }: JsonSchema, path: string): JsonSchema {
    return {
      ...(anyOf === undefined ? {} : { anyOf: anyOf.map((each) => this.#shape(each, path)) }),
      ...(oneOf === undefined ? {} : { oneOf: oneOf.map((each) => this.#shape(each, path)) }),
    };
  }

  /** One of several shapes. Only a type of its own makes it a part. */
  #shape(node: JsonSchema, path: string): JsonSchema {
    return node["x-type"] === undefined ? this.parts(node, path) : this.#part(node, path);
  }

  #part(node: JsonSchema, path: string): JsonSchema {
    const { "x-variable": isVariable, ...plain } = node;
    if (isVariable) {
      const { description, ...value } = plain;
      const named = this.#define(VARIABLE, "variable");
      return {
        ...(description === undefined ? {} : { description }),
        if: CHOOSES_VARIABLE,
        then: { $ref: `#/$defs/${named}` },
        else: this.#part(value, path),
      };
    }
    if (node.properties === undefined && node.if === undefined) return this.parts(node, path);
    const { default: given, description, ...others } = node;
    const about = node["x-about"];
    const part = this.parts({ ...others, ...(about === undefined ? {} : { description: about }) }, path);
    const $ref = `#/$defs/${this.#define(part, nameOf(node, path))}`;
    return {
      ...(description === undefined || description === about ? {} : { description }),
      ...(given === undefined ? {} : { default: given }),
      $ref,
    };
  }

  #define(part: JsonSchema, wanted: string): string {
    const key = JSON.stringify(part);
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    let name = wanted;
    for (let count = 2; this.#nodes.has(name); count++) name = `${wanted}${count}`;
    this.#names.set(key, name);
    this.#nodes.set(name, part);
    return name;
  }
}

function mapped(
  properties: Readonly<Record<string, JsonSchema>>,
  of: (node: JsonSchema, name: string) => JsonSchema,
): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(properties).map(([name, node]) => [name, of(node, name)]));
}

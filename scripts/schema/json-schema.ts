import { toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import type { Cases } from "../../config/schema/chosen.ts";
import { isRefused } from "../../config/schema/fields.ts";

/** The part of JSON Schema (2020-12) that this project's schemas need, and notes for the page and for editors. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly $comment?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly propertyNames?: JsonSchema;
  readonly items?: JsonSchema;
  readonly if?: JsonSchema;
  readonly then?: JsonSchema;
  readonly else?: JsonSchema;
  readonly allOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly pattern?: string;
  readonly default?: unknown;
  /** What is allowed, in words. */
  readonly title?: string;
  /** What it means. */
  readonly description?: string;
  readonly "x-unit"?: string;
  /** Only a program can give the value. */
  readonly "x-not-in-json"?: true;
  /** The value may come from the environment: `variable("NAME")`. */
  readonly "x-variable"?: true;
  /** No input is valid here; the schema only tells what is missing. */
  readonly "x-refused"?: true;
  /** Required, although JSON cannot have it. */
  readonly "x-required-in-typescript"?: readonly string[];
  /** The type in config/input.ts, and the comment on it. */
  readonly "x-type"?: string;
  readonly "x-about"?: string;
  readonly [keyword: string]: unknown;
}

type Item = v.GenericSchema | v.PipeItem<unknown, unknown, v.BaseIssue<unknown>>;

/** Checks that only run code. Their phrases say what JSON Schema cannot. */
const OPAQUE_CHECKS = ["check", "raw_check", "partial_check"];

/**
 * The JSON Schema of a schema's input, from the schema alone. Single actions and plain values are left to
 * `@valibot/to-json-schema`; it cannot convert the project's pipes, which have several schemas, and chosen schemas.
 *
 * @throws Error if a part says nothing that JSON Schema could say: the message names its path and the way out
 */
export function jsonSchemaOf(schema: v.GenericSchema, path = "the configuration"): JsonSchema {
  const pipe = flatPipe(schema);
  const hasFields = pipe.some(({ type }) => type === "loose_object");
  const phrases: string[] = [];
  let node: JsonSchema = {};
  let transformed: string | undefined;
  for (const item of pipe) {
    if (item.kind === "transformation") transformed = item.type;
    const phrase = phraseOf(item);
    // An object with fields lists them already.
    if (phrase !== undefined && !(hasFields && item.kind === "schema")) phrases.push(phrase);
    const own = item.kind === "schema" ? ofSchema(item, path) : ofAction(item, node.type);
    if (own === undefined) continue;
    if (transformed !== undefined && item.kind !== "metadata") {
      throw new Error(`${path}: the action "${item.type}" is after a transform, so it is not about the input.`);
    }
    node = { ...node, ...own };
  }
  if (Object.keys(node).length === 0 && !isAnything(pipe)) {
    throw new Error(
      `${path}: JSON Schema cannot be made of ${listed(pipe)}. Say it with v.metadata, or use chosen(...).`,
    );
  }
  const title = titleOf(phrases);
  return title === undefined || node.title !== undefined ? node : { title, ...node };
}

function flatPipe(schema: Item): Item[] {
  return "pipe" in schema ? (schema.pipe as Item[]).flatMap(flatPipe) : [schema];
}

function isAnything(pipe: readonly Item[]): boolean {
  return pipe.every(({ type }) => type === "unknown");
}

function listed(pipe: readonly Item[]): string {
  return pipe.map(({ type }) => `v.${type}`).join(", ");
}

function ofSchema(schema: v.GenericSchema, path: string): JsonSchema | undefined {
  if (isOfType(schema, "loose_object")) return ofFields(schema.entries, path);
  if (isOfType(schema, "array")) return { type: "array", items: jsonSchemaOf(schema.item, `${path}[]`) };
  if (isOfType(schema, "record")) {
    const propertyNames = jsonSchemaOf(schema.key, `the names of ${path}`);
    return { type: "object", propertyNames, additionalProperties: jsonSchemaOf(schema.value, `${path}.*`) };
  }
  if (isOfType(schema, "optional")) {
    const { default: given } = schema;
    return { ...jsonSchemaOf(schema.wrapped, path), ...(given === undefined ? {} : { default: given }) };
  }
  // What these accept is in other items of the pipe.
  if (["custom", "lazy", "unknown"].includes(schema.type)) return undefined;
  return plain(schema);
}

interface Structures {
  loose_object: { readonly entries: Readonly<Record<string, v.GenericSchema>> };
  array: { readonly item: v.GenericSchema };
  record: { readonly key: v.GenericSchema; readonly value: v.GenericSchema };
  optional: { readonly wrapped: v.GenericSchema; readonly default: unknown };
}

function isOfType<Type extends keyof Structures>(
  schema: v.GenericSchema,
  type: Type,
): schema is v.GenericSchema & Structures[Type] {
  return schema.type === type;
}

function ofFields(entries: Readonly<Record<string, v.GenericSchema>>, path: string): JsonSchema {
  const given = Object.entries(entries).filter(([, schema]) => !isRefused(schema));
  const properties = Object.fromEntries(
    given.map(([name, schema]) => [name, jsonSchemaOf(schema, `${path}.${name}`)] as const),
  );
  const required = given.filter(([, schema]) => schema.type !== "optional").map(([name]) => name);
  const inJson = required.filter((name) => properties[name]?.["x-not-in-json"] === undefined);
  const others = required.filter((name) => !inJson.includes(name));
  return {
    type: "object",
    properties,
    ...(inJson.length === 0 ? {} : { required: inJson }),
    ...(others.length === 0 ? {} : { "x-required-in-typescript": others }),
  };
}

/** The keywords of an action. Undefined if JSON Schema has none. */
function ofAction(action: Item, type: JsonSchema["type"]): JsonSchema | undefined {
  if (action.kind === "transformation" || OPAQUE_CHECKS.includes(action.type)) return undefined;
  if (action.kind !== "metadata") return plain(emptyOfType(type), action);
  const metadata: object = "metadata" in action ? (action.metadata as object) : {};
  return "cases" in metadata ? ofCases(metadata as Cases) : (metadata as JsonSchema);
}

function emptyOfType(type: JsonSchema["type"]): v.GenericSchema {
  if (type === "string") return v.string();
  if (type === "number" || type === "integer") return v.number();
  return type === "array" ? v.array(v.unknown()) : v.unknown();
}

/** What the library makes of a schema without parts, or of the action on it. */
function plain(schema: v.GenericSchema, action?: Item): JsonSchema {
  const piped = action === undefined ? schema : { ...schema, pipe: [schema, action] };
  const {
    $schema: _,
    items: __,
    type,
    ...keywords
  }: Record<string, unknown> = {
    ...toJsonSchema(piped, { target: "draft-2020-12" }),
  };
  // An action is made of a plain value; only `integer` has a type of its own.
  const isOwn = action === undefined || action.type === "integer";
  return isOwn && type !== undefined ? { type: type as string, ...keywords } : keywords;
}

/** The cases in their order, so that JSON Schema chooses as valibot does. */
function ofCases({ cases, otherwise }: Cases): JsonSchema {
  const [first, ...rest] = cases;
  if (first === undefined) return otherwise === undefined ? { not: {}, "x-refused": true } : jsonSchemaOf(otherwise);
  const [shape, schema] = first;
  const accepted = jsonSchemaOf(schema);
  if (rest.length === 0 && otherwise === undefined) return both(shape.jsonSchema, accepted);
  return { if: shape.jsonSchema, then: accepted, else: without(ofCases({ cases: rest, otherwise }), shape.jsonSchema) };
}

function both(shape: JsonSchema, accepted: JsonSchema): JsonSchema {
  return Object.keys(shape).length === 1 && shape.type === accepted.type ? accepted : { allOf: [shape, accepted] };
}

/** A field whose presence chooses another case cannot be here. */
function without(node: JsonSchema, chooser: JsonSchema): JsonSchema {
  const [name, ...others] = chooser.required ?? [];
  if (name === undefined || others.length > 0 || "properties" in chooser || node["x-refused"]) return node;
  const { properties, then, else: otherwise } = node;
  return {
    ...node,
    ...(properties === undefined ? {} : { properties: omit(properties, name) }),
    ...(then === undefined ? {} : { then: without(then, chooser) }),
    ...(otherwise === undefined ? {} : { else: without(otherwise, chooser) }),
  };
}

function omit<Value>(record: Readonly<Record<string, Value>>, name: string): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== name));
}

/** What an item allows: its message, or the description of a schema that is chosen by the input. */
function phraseOf(item: Item): string | undefined {
  if (item.type === "description" && "description" in item) return String(item.description);
  return "message" in item && typeof item.message === "string" ? item.message : undefined;
}

/** All phrases; of two that begin alike, the longer one says more. */
function titleOf(phrases: readonly string[]): string | undefined {
  const longest = [...new Set(phrases)].filter(
    (phrase) => !phrases.some((other) => other !== phrase && other.startsWith(phrase)),
  );
  return longest.length === 0 ? undefined : longest.join("; ");
}

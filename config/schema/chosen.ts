import * as v from "valibot";
import { isPlainObject } from "./fields.ts";

/**
 * Schemas that the input itself chooses, by its kind or by a field. So problems are those of the one schema that was meant, not
 * of every alternative.
 */

/** A condition on the input, for valibot and as JSON Schema. */
export interface Shape {
  readonly matches: (input: unknown) => boolean;
  readonly jsonSchema: Readonly<Record<string, unknown>>;
}

export type Case<Output> = readonly [Shape, v.GenericSchema<unknown, Output>];

/** What {@link chosen} keeps as metadata for `npm run schema`. */
export interface Cases {
  readonly cases: readonly Case<unknown>[];
  readonly otherwise?: v.GenericSchema | undefined;
}

export const anObject: Shape = { matches: isPlainObject, jsonSchema: { type: "object" } };
export const aList: Shape = { matches: Array.isArray, jsonSchema: { type: "array" } };
export const aText: Shape = { matches: (input) => typeof input === "string", jsonSchema: { type: "string" } };
export const aNumber: Shape = { matches: (input) => typeof input === "number", jsonSchema: { type: "number" } };
export const aBoolean: Shape = { matches: (input) => typeof input === "boolean", jsonSchema: { type: "boolean" } };

/** Exactly this text. */
export function theText(text: string): Shape {
  return { matches: (input) => input === text, jsonSchema: { const: text } };
}

/** An object with the field, even if its value is undefined: a mistake that must not choose another shape. */
export function withField(name: string): Shape {
  return { matches: (input) => isPlainObject(input) && name in input, jsonSchema: having(name) };
}

/** An object whose field has a value. */
export function withValue(name: string): Shape {
  return { matches: (input) => isPlainObject(input) && input[name] !== undefined, jsonSchema: having(name) };
}

/** An object whose field, or a field below it, has one of these values. */
export function withOneOf(path: readonly [string, ...string[]], values: readonly (string | boolean)[]): Shape {
  const isOneOf = (value: unknown) => values.some((allowed) => allowed === value);
  return {
    matches: (input) => isOneOf(path.reduce((value, name) => ownField(value, name), input)),
    jsonSchema: path.reduceRight<Shape["jsonSchema"]>(
      (below, name) => ({ ...having(name), properties: { [name]: below } }),
      values.length === 1 ? { const: values[0] } : { enum: values },
    ),
  };
}

function ownField(value: unknown, name: string): unknown {
  return isPlainObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function having(name: string): Shape["jsonSchema"] {
  return { type: "object", required: [name] };
}

/**
 * The schema of the first case whose shape the input has. Without `otherwise`, all other input is refused.
 *
 * @param allowed a phrase for all cases together
 */
export function chosen<Output>(
  allowed: string,
  cases: readonly Case<Output>[],
  otherwise?: v.GenericSchema<unknown, Output>,
): v.GenericSchema<unknown, Output> {
  const last = otherwise ?? v.custom<Output>(() => false, allowed);
  return v.pipe(
    v.lazy((input: unknown) => cases.find(([shape]) => shape.matches(input))?.[1] ?? last),
    v.description(allowed),
    v.metadata({ cases, otherwise } satisfies Cases),
  );
}

/** One of the schemas, chosen by the value of the field `key`. */
export function discriminated<Output>(
  key: string,
  schemas: Readonly<Record<string, v.GenericSchema<unknown, Output>>>,
): v.GenericSchema<unknown, Output> {
  const names = Object.keys(schemas);
  const oneOfNames = `one of ${names.map((name) => `"${name}"`).join(", ")}`;
  const allowed = `an object whose ${key} is ${oneOfNames}`;
  const unrecognized = v.pipe(
    v.custom<Record<string, unknown>>(isPlainObject, allowed),
    v.rawTransform<Record<string, unknown>, Output>(({ dataset, addIssue, NEVER }) => {
      const value = dataset.value[key];
      addIssue({
        path: [{ type: "unknown", origin: "value", input: dataset.value, key, value }],
        input: value,
        message: oneOfNames,
      });
      return NEVER;
    }),
    v.metadata({ ...withOneOf([key], names).jsonSchema, "x-refused": true }),
  );
  const cases = Object.entries(schemas).map(([name, schema]) => [withOneOf([key], [name]), schema] as const);
  return chosen(allowed, cases, unrecognized);
}

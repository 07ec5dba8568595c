import * as v from "valibot";
import { nearestName } from "../suggest.ts";

/**
 * Building blocks of the schema. The message of every schema or check is a noun phrase for what is allowed ("a whole number
 * from 1 to 6"); problems.ts adds what was found.
 */

/** An object with exactly these fields. Reports every unknown field, with the nearest allowed one. */
export function fields<const Entries extends v.ObjectEntries>(
  entries: Entries,
): v.GenericSchema<unknown, v.InferOutput<v.StrictObjectSchema<Entries, undefined>>> {
  const known = Object.keys(entries).filter((name) => !isRefused(entries[name]));
  return v.pipe(
    v.custom<Record<string, unknown>>(isPlainObject, `an object with the fields ${known.join(", ")}`),
    v.looseObject(entries, (issue) => allowedBy(entries[String(issue.path?.[0].key)])),
    v.rawCheck(({ dataset, addIssue }) => {
      const input: unknown = dataset.value;
      if (!isPlainObject(input)) return;
      for (const name of Object.keys(input)) {
        if (Object.hasOwn(entries, name)) continue;
        const path: [v.IssuePathItem] = [{ type: "unknown", origin: "key", input, key: name, value: input[name] }];
        addIssue({ path, input: new UnknownField(), message: unknownField(name, known) });
      }
    }),
  );
}

/** Stands for the value of an unknown field, so that problems.ts reports "an unknown field" and not the value. */
export class UnknownField {}

function unknownField(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? "" : ` (did you mean "${nearest}"?)`;
  return `only ${known.join(", ")}${hint}`;
}

/** A field that is valid elsewhere but not here; the message says what to do instead. */
export function refused(allowed: string) {
  return v.optional(v.never(allowed));
}

function isRefused(schema: v.ObjectEntries[string] | undefined): boolean {
  return schema?.type === "optional" && "wrapped" in schema && (schema.wrapped as { type?: string }).type === "never";
}

/** The phrase for a missing field: what its schema allows. */
function allowedBy(schema: v.ObjectEntries[string] | undefined): string {
  const message = schema !== undefined && "message" in schema ? schema.message : undefined;
  if (typeof message === "string") return message;
  return (schema && v.getDescription(schema)) ?? "a value";
}

/** An object with names that the user chooses and values of one kind. */
export function named<Value extends v.GenericSchema<unknown, unknown>>(
  name: v.GenericSchema<string, string>,
  value: Value,
  allowed: string,
  maxEntries: number,
): v.GenericSchema<unknown, Record<string, v.InferOutput<Value>>> {
  return v.pipe(
    v.custom<Record<string, unknown>>(isPlainObject, allowed),
    v.check(
      (input) => !RESERVED_NAMES.some((reserved) => Object.hasOwn(input, reserved)),
      `names other than ${RESERVED_NAMES.join(", ")}`,
    ),
    v.check((input) => Object.keys(input).length <= maxEntries, `${allowed}, at most ${maxEntries} of them`),
    v.record(name, value),
  );
}

/** Names with a special meaning in JavaScript objects; valibot silently drops them from records. */
const RESERVED_NAMES = ["__proto__", "prototype", "constructor"];

/** A list of items of one kind. */
export function list<Item extends v.GenericSchema<unknown, unknown>>(
  item: Item,
  allowed: string,
  bounds: { min: number; max: number },
): v.GenericSchema<unknown, v.InferOutput<Item>[]> {
  return v.pipe(
    v.array(item, allowed),
    v.check(
      (items) => items.length >= bounds.min && items.length <= bounds.max,
      `${allowed}, ${bounds.min} to ${bounds.max} of them`,
    ),
  );
}

/** A text for which `accepts` holds. */
export function text(allowed: string, accepts: (value: string) => boolean, maxLength: number) {
  return explainedText(allowed, (value) => (accepts(value) ? undefined : allowed), maxLength);
}

/** A text for which `allowedInstead` returns undefined; otherwise it returns a phrase for what is allowed. */
export function explainedText(
  allowed: string,
  allowedInstead: (value: string) => string | undefined,
  maxLength: number,
) {
  return v.pipe(
    v.string(allowed),
    v.check((value) => value.length <= maxLength, `${allowed}, at most ${maxLength} characters`),
    v.check(
      // A text that is too long is reported already; no pattern need run over it.
      (value) => value.length > maxLength || allowedInstead(value) === undefined,
      (issue) => allowedInstead(issue.input) ?? allowed,
    ),
  );
}

/** A whole number within bounds. The message ends with `unit`: "milliseconds", "connections". */
export function wholeNumber(min: number, max: number, unit: string) {
  const allowed = `a whole number from ${min} to ${max} (${unit})`;
  return v.pipe(
    v.number(allowed),
    v.check((value) => Number.isInteger(value) && value >= min && value <= max, allowed),
  );
}

/** One of the shapes, chosen by the value of the field `key`. */
export function discriminated<Output>(
  key: string,
  shapes: Readonly<Record<string, v.GenericSchema<unknown, Output>>>,
): v.GenericSchema<unknown, Output> {
  const names = Object.keys(shapes).map((name) => `"${name}"`);
  const allowed = `an object whose ${key} is one of ${names.join(", ")}`;
  const unrecognized = v.pipe(
    v.custom<Record<string, unknown>>(isPlainObject, allowed),
    v.rawTransform<Record<string, unknown>, Output>(({ dataset, addIssue, NEVER }) => {
      const value = dataset.value[key];
      addIssue({
        path: [{ type: "unknown", origin: "value", input: dataset.value, key, value }],
        input: value,
        message: `one of ${names.join(", ")}`,
      });
      return NEVER;
    }),
  );
  return v.pipe(
    v.lazy((input: unknown): v.GenericSchema<unknown, Output> => {
      const name = isPlainObject(input) ? input[key] : undefined;
      const shape = typeof name === "string" && Object.hasOwn(shapes, name) ? shapes[name] : undefined;
      return shape ?? unrecognized;
    }),
    v.description(allowed),
  );
}

/** True for objects written as literals; not for lists, modules or dates. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  return Object.prototype.toString.call(value) === "[object Object]";
}

import * as v from "valibot";
import { nearestName } from "../suggest.ts";

/**
 * Building blocks of the schema. The message of every schema or check is a noun phrase for what is allowed ("a whole number
 * from 1 to 6"); problems.ts adds what was found. `npm run schema` reads the blocks too: bounds are valibot's own actions, and
 * `v.metadata` has keywords of JSON Schema where valibot has no word for something.
 */

/** An object with exactly these fields. Reports every unknown field, with the nearest allowed one. */
export function fields<const Entries extends v.ObjectEntries>(
  entries: Entries,
): v.GenericSchema<unknown, v.InferOutput<v.StrictObjectSchema<Entries, undefined>>> {
  const known = Object.keys(entries).filter((name) => !isRefused(entries[name]));
  return v.pipe(
    v.custom<Record<string, unknown>>(isPlainObject, `an object with the fields ${known.join(", ")}`),
    withoutReservedNames,
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
    v.metadata({ additionalProperties: false }),
  );
}

/** Metadata of a value that only a program can make, such as a module or a function. */
export const NOT_IN_JSON = {
  $comment: "Only TypeScript can give this value. Leave the field out of JSON, and add it in gateway.config.ts.",
  "x-not-in-json": true,
  not: {},
};

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

/** True for a field made by {@link refused}. */
export function isRefused(schema: v.ObjectEntries[string] | undefined): boolean {
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
    withoutReservedNames,
    v.maxEntries(maxEntries, `${allowed}, at most ${maxEntries} of them`),
    v.record(v.pipe(name, v.metadata({ not: { enum: RESERVED_NAMES } })), value),
  );
}

/** Names with a special meaning in JavaScript objects; valibot silently drops them from objects and records. */
const RESERVED_NAMES = ["__proto__", "prototype", "constructor"];

const withoutReservedNames = v.check(
  (input: Record<string, unknown>) => !RESERVED_NAMES.some((reserved) => Object.hasOwn(input, reserved)),
  // A function, so that it is no phrase of the page: no configuration has such names.
  () => `names other than ${RESERVED_NAMES.join(", ")}`,
);

/** A list of items of one kind. */
export function list<Item extends v.GenericSchema<unknown, unknown>>(
  item: Item,
  allowed: string,
  bounds: { min: number; max: number },
): v.GenericSchema<unknown, v.InferOutput<Item>[]> {
  return v.pipe(
    v.array(item, allowed),
    v.minLength(bounds.min, `${allowed}, ${bounds.min} to ${bounds.max} of them`),
    v.maxLength(bounds.max, `${allowed}, ${bounds.min} to ${bounds.max} of them`),
  );
}

/** A text that matches, or for which `accepts` holds. A pattern has no flags. */
export function text(allowed: string, accepts: RegExp | ((value: string) => boolean), maxLength: number) {
  const isAccepted = accepts instanceof RegExp ? (value: string) => accepts.test(value) : accepts;
  return v.pipe(
    explainedText(allowed, (value) => (isAccepted(value) ? undefined : allowed), maxLength),
    v.metadata(accepts instanceof RegExp ? { pattern: accepts.source } : {}),
  );
}

/** A text for which `allowedInstead` returns undefined; otherwise it returns a phrase for what is allowed. */
export function explainedText(
  allowed: string,
  allowedInstead: (value: string) => string | undefined,
  maxLength: number,
) {
  return v.pipe(
    v.string(allowed),
    v.maxLength(maxLength, `${allowed}, at most ${maxLength} characters`),
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
    v.integer(allowed),
    v.minValue(min, allowed),
    v.maxValue(max, allowed),
    v.metadata({ "x-unit": unit }),
  );
}

/** A number within bounds. The message ends with `unit`: "a share of a core". */
export function numberFrom(min: number, max: number, unit: string) {
  const allowed = `a number from ${min} to ${max} (${unit})`;
  return v.pipe(v.number(allowed), v.minValue(min, allowed), v.maxValue(max, allowed), v.metadata({ "x-unit": unit }));
}

/** True for objects written as literals; not for lists, modules or dates. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  return Object.prototype.toString.call(value) === "[object Object]";
}

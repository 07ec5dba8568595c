import type { JsonSchema } from "./json-schema.ts";

/** One of the shapes that a place of the configuration can have, with the conditions that choose it. */
export interface Alternative {
  readonly node: JsonSchema;
  /** What chooses it, as a phrase; undefined for the one that is left. */
  readonly label: string | undefined;
  /** The field whose constant chooses it. */
  readonly chosenBy: string | undefined;
}

/** The shapes of a node, without those that only tell what is missing. */
export function alternativesOf(node: JsonSchema): Alternative[] {
  return tagged(node).filter((alternative) => alternative.node["x-refused"] === undefined);
}

function tagged(node: JsonSchema): Alternative[] {
  const { if: condition, then, else: otherwise, allOf } = node;
  if (condition !== undefined && then !== undefined && otherwise !== undefined) {
    const ofThen = tagged(then).map(({ node: inner }) => ({ node: inner, ...labelOf(condition) }));
    return [...ofThen, ...tagged(otherwise).map((rest) => ({ ...rest, label: rest.label ?? negated(condition) }))];
  }
  // A condition, and the schema under it.
  if (allOf !== undefined) return tagged(allOf.at(-1) ?? {});
  return [{ node, label: undefined, chosenBy: undefined }];
}

const KINDS: Readonly<Record<string, string>> = {
  object: "as an object",
  array: "as a list",
  string: "as a text",
  number: "as a number",
  boolean: "as true or false",
};

function labelOf(condition: JsonSchema): Omit<Alternative, "node"> {
  if ("const" in condition) return { label: `as ${code(condition.const)}`, chosenBy: undefined };
  const path: string[] = [];
  let below: JsonSchema | undefined = condition;
  while (below?.required?.[0] !== undefined) {
    const [name]: readonly string[] = below.required;
    path.push(name ?? "");
    below = below.properties?.[name ?? ""];
  }
  if (path.length === 0) return { label: KINDS[String(condition.type)], chosenBy: undefined };
  const values = below === undefined ? [] : "const" in below ? [below.const] : (below.enum ?? []);
  const is = values.length === 0 ? "" : ` ${values.map(code).join(" or ")}`;
  const chosenBy = path.length === 1 && values.length > 0 ? path[0] : undefined;
  return { label: `with \`${path.join(".")}\`${is}`, chosenBy };
}

/** What is left if a condition does not hold. */
function negated({ required: [name] = [], properties }: JsonSchema): string | undefined {
  return name === undefined || properties !== undefined ? undefined : `without \`${name}\``;
}

export function code(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}

/** A name for a part of the schema: of its type in config/input.ts, or else of the field that has it. */
export function nameOf(node: JsonSchema, path: string): string {
  const [only, ...others] = alternativesOf(node).filter((alternative) => alternative.node.properties !== undefined);
  const type = others.length === 0 ? only?.node["x-type"]?.replace(/Input$/, "") : undefined;
  if (type !== undefined && type !== "") return type.charAt(0).toLowerCase() + type.slice(1);
  const field = /([\w$-]+)(?:\.\*|\[\])*$/.exec(path)?.[1] ?? "gateway";
  // An item of `rules` is a rule.
  return /(?:\.\*|\[\])$/.test(path) ? field.replace(/s$/, "") : field;
}

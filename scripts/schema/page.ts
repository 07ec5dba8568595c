import { type Field, type Group, Groups, type Section } from "./groups.ts";
import type { JsonSchema } from "./json-schema.ts";
import { alternativesOf, code } from "./parts.ts";

/** A limit of config/configuration-limits.ts. */
export interface Limit {
  readonly name: string;
  readonly value: number;
  readonly meaning: string;
}

const INTRODUCTION = `# Configuration reference

Every field of \`gateway.config.ts\`, with its type, its limit, its default and what it means. \`npm run schema\` writes this page from the
schema that checks the configuration, and from the comments in [config/input.ts](../config/input.ts). Do not edit it.

In a path, \`*\` is a name that you choose and \`[]\` an item of a list. \`{ "secret": "NAME" }\` is what \`secret("NAME")\` returns.
A field of the type "[variable](environments.md#variables)" may be \`variable("NAME")\`, in JSON \`{ "variable": "NAME" }\`: then the value
that the environment has must be what is allowed here.

## In JSON

The configuration is TypeScript: its types help while you write, and \`npm run check-config\` decides whether it is valid. If you keep parts of it
as JSON, such as a list of rules that another tool writes, [configuration.schema.json](configuration.schema.json) (JSON Schema 2020-12)
lets an editor complete and check them. Each part is under \`$defs\`. A schema for a file with the rules of one service:

\`\`\`json
{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "array",
  "items": { "$ref": "docs/configuration.schema.json#/$defs/rule" }
}
\`\`\`

A file with a whole configuration may name it itself, with \`"$schema": "./docs/configuration.schema.json"\`. The gateway knows no field of that
name: take it out before \`defineGateway\`.

The schema accepts every valid configuration, but not only those. It cannot know

- conflicts between fields, such as a rule with scopes that nobody compares, a cluster that no service has, or two services with the same
  route (config/cross-checks.ts, config/route-checks.ts);
- syntax that is more than a pattern, such as URLs, header names that the gateway needs itself, and paths of claims;
- values that only a program can give: WebAssembly modules and functions. Their fields are marked \`x-not-in-json\`; leave them out of
  JSON and add them in \`gateway.config.ts\`.
`;

/** The page with every field of the configuration and every limit. */
export function pageOf(root: JsonSchema, limits: readonly Limit[]): string {
  const groups = new Groups(root);
  const contents = groups.all.map((group) => `- ${linkTo(group)}: ${pathOf(group.paths[0] ?? "")}`);
  const parts = [
    INTRODUCTION,
    "## Contents\n",
    [...contents, "- [Limits](#limits)"].join("\n"),
    "",
    ...groups.all.map((group) => groupText(group, groups)),
    limitsText(limits),
  ];
  return `${parts.join("\n").trimEnd()}\n`;
}

function pathOf(path: string): string {
  return path === "" ? "`defineGateway({ … })`" : `\`${path}\``;
}

function linkTo({ title }: Group): string {
  return `[${title}](#${title
    .toLowerCase()
    .replace(/[^\w -]/g, "")
    .replaceAll(" ", "-")})`;
}

function groupText(group: Group, groups: Groups): string {
  const [path = ""] = group.paths;
  const lines = [`## ${group.title}`, "", `At ${group.paths.map(pathOf).join(", ")}.`, ""];
  if (group.allowed !== undefined)
    lines.push(`${group.sections.length === 1 ? "Together" : "Allowed"}: ${literal(group.allowed)}.`, "");
  if (group.about !== undefined) lines.push(prose(group.about), "");
  for (const section of group.sections) lines.push(...sectionLines(section, path, groups));
  return lines.join("\n");
}

function sectionLines({ label, about, fields }: Section, path: string, groups: Groups): string[] {
  const lines: string[] = [];
  if (label !== undefined) lines.push(`### ${label.charAt(0).toUpperCase()}${label.slice(1)}`, "");
  if (about !== undefined) lines.push(prose(about), "");
  return [...lines, ...fields.flatMap((field) => fieldLines(field, path, groups))];
}

function fieldLines({ name, node, isRequired }: Field, path: string, groups: Groups): string[] {
  const facts = [
    `Type: ${typeOf(node, groups)}`,
    ...labelled("Limit", limitOf(node)),
    isRequired ? "Required" : (labelled("Default", defaultOf(node))[0] ?? "Optional"),
  ];
  const allowed = allowedOf(node);
  return [
    `#### \`${path === "" ? "" : `${path}.`}${name}\``,
    "",
    `${facts.join(" · ")}`,
    "",
    ...(node.description === undefined ? [] : [prose(node.description), ""]),
    ...(allowed === undefined ? [] : [`Allowed: ${allowed}.`, ""]),
  ];
}

function labelled(label: string, text: string | undefined): string[] {
  return text === undefined ? [] : [`${label}: ${text}`];
}

function typeOf(node: JsonSchema, groups: Groups): string {
  const group = groups.groupOf(node);
  const shapes = alternativesOf(node);
  const types = shapes.map(({ node: shape }) =>
    shape.properties !== undefined && group !== undefined ? linkTo(group) : simpleTypeOf(shape, groups),
  );
  if (node["x-variable"] !== true) return [...new Set(types)].join(" or ");
  // Last, but before a list: its items may be variables too.
  const isList = (type: string) => type.startsWith("list of ");
  const others = types.filter((type) => !isList(type));
  return [...new Set([...others, "[variable](environments.md#variables)", ...types.filter(isList)])].join(" or ");
}

function simpleTypeOf(node: JsonSchema, groups: Groups): string {
  const { type, items, additionalProperties } = node;
  if (node["x-not-in-json"]) return "only in TypeScript";
  if ("const" in node) return code(node.const);
  if (node.enum !== undefined) return node.enum.map(code).join(" or ");
  if (Array.isArray(type)) return type.includes("object") ? "any JSON" : type.map(nameOf).join(" or ");
  if (items !== undefined) return `list of ${typeOf(items, groups)}`;
  if (typeof additionalProperties === "object") return `names with ${typeOf(additionalProperties, groups)}`;
  return nameOf(String(type));
}

function nameOf(type: string): string {
  return TYPES[type] ?? type;
}

const TYPES: Readonly<Record<string, string>> = { string: "text", integer: "whole number", boolean: "true or false" };

function limitOf(node: JsonSchema): string | undefined {
  const limits = alternativesOf(node).flatMap(({ node: shape }) => limitsOf(shape));
  return limits.length === 0 ? undefined : [...new Set(limits)].join("; ");
}

function limitsOf(node: JsonSchema): string[] {
  const { minimum, maximum, multipleOf, minItems, maxItems, maxProperties, minProperties, maxLength, items } = node;
  const { propertyNames, additionalProperties, "x-unit": unit } = node;
  const ofItems = items === undefined ? undefined : limitOf(items);
  const ofNames = propertyNames === undefined ? undefined : limitOf(propertyNames);
  const ofValues = typeof additionalProperties === "object" ? limitOf(additionalProperties) : undefined;
  return [
    ...range(minimum, maximum, unit === undefined ? "" : ` (${unit})`),
    ...(multipleOf === undefined ? [] : [`a multiple of ${multipleOf}`]),
    ...range(minItems, maxItems, " items"),
    ...range(minProperties, maxProperties, " names"),
    ...(maxLength === undefined ? [] : [`${maxLength} characters`]),
    ...(ofNames === undefined ? [] : [`each name ${ofNames}`]),
    ...(ofItems === undefined ? [] : [`each ${ofItems}`]),
    ...(ofValues === undefined ? [] : [`each value ${ofValues}`]),
  ];
}

function range(min: number | undefined, max: number | undefined, unit: string): string[] {
  if (max === undefined) return min === undefined ? [] : [`at least ${min}${unit}`];
  return [min === undefined ? `at most ${max}${unit}` : `${min} to ${max}${unit}`];
}

/** The schema's default; or as the comment has it, where the default depends on other fields. */
function defaultOf(node: JsonSchema): string | undefined {
  const { default: given } = node;
  if (given !== undefined && JSON.stringify(given) !== "{}") return code(given);
  return defaultInWords(node.description ?? "");
}

/** What a comment says of the default, without its reasons. */
export function defaultInWords(comment: string): string | undefined {
  return /\bDefault:? (.+?)[.:;](?=\s|$)/s.exec(comment)?.[1];
}

/** What is allowed in words, unless type and limit say it all. */
function allowedOf(node: JsonSchema): string | undefined {
  const phrases = phrasesOf(node).map(literal);
  return phrases.length === 0 ? undefined : [...new Set(phrases)].join("; each: ");
}

/** Markdown that shows the text as it is. */
function literal(text: string): string {
  return text.replace(/[*_<]/g, "\\$&");
}

function phrasesOf(node: JsonSchema): string[] {
  const { title, items } = node;
  const isGroup = alternativesOf(node).some((shape) => shape.node.properties !== undefined);
  const isSaid = isGroup || node.enum !== undefined || node.type === "boolean" || node.minimum !== undefined;
  return [...(title === undefined || isSaid ? [] : [title]), ...(items === undefined ? [] : phrasesOf(items))];
}

/** A comment as Markdown, with links to the pages that it names. */
function prose(comment: string): string {
  return comment.replace(/(?<![[`/\w])docs\/([\w-]+\.md)/g, "[$1]($1)");
}

function limitsText(limits: readonly Limit[]): string {
  return [
    "## Limits",
    "",
    "The bounds of the fields above have names in [configuration-limits.ts](../config/configuration-limits.ts).",
    "",
    "| limit | value | what it bounds, or why |",
    "| --- | --- | --- |",
    ...limits.map(({ name, value, meaning }) => `| \`${name}\` | ${value} | ${prose(meaning).replaceAll("\n", " ")} |`),
  ].join("\n");
}

import type { JsonSchema } from "./json-schema.ts";
import { type Alternative, alternativesOf, nameOf } from "./parts.ts";

/** A field in a group. */
export interface Field {
  readonly name: string;
  readonly node: JsonSchema;
  readonly isRequired: boolean;
}

/** Fields that some of a group's shapes have. */
export interface Section {
  /** What chooses the shapes; undefined if all have the fields. */
  readonly label: string | undefined;
  readonly about: string | undefined;
  readonly fields: readonly Field[];
}

/** The fields of one part of the configuration. A part that appears at several places is one group. */
export interface Group {
  readonly title: string;
  readonly paths: string[];
  readonly about: string | undefined;
  /** What holds for its fields together, in words. */
  readonly allowed: string | undefined;
  readonly sections: readonly Section[];
}

/** All groups, each before the groups of its own fields. */
export class Groups {
  readonly all: Group[] = [];
  readonly #known = new Map<string, Group>();

  constructor(root: JsonSchema) {
    this.#visit(root, "", undefined);
  }

  /** The group of an object with fields. */
  groupOf(node: JsonSchema): Group | undefined {
    return this.#known.get(keyOf(shapesWithFields(node)));
  }

  /** @param condition what chose the shape that has the node */
  #visit(node: JsonSchema, path: string, condition: string | undefined): void {
    const shapes = shapesWithFields(node);
    if (shapes.length > 0) this.#group(node, shapes, path, condition);
    for (const { node: shape } of alternativesOf(node)) {
      const { items, additionalProperties } = shape;
      if (items !== undefined) this.#visit(items, `${path}[]`, condition);
      if (typeof additionalProperties === "object") this.#visit(additionalProperties, `${path}.*`, condition);
    }
  }

  #group(node: JsonSchema, shapes: readonly Alternative[], path: string, condition: string | undefined): void {
    const key = keyOf(shapes);
    const known = this.#known.get(key);
    if (known !== undefined) {
      if (!known.paths.includes(path)) known.paths.push(path);
    } else {
      const [only, ...others] = shapes;
      const group = {
        title: this.#title(nameOf(node, path), condition ?? path),
        paths: [path],
        about: others.length === 0 ? only?.node["x-about"] : undefined,
        allowed: others.length === 0 ? only?.node.title : node.title,
        sections: sectionsOf(shapes),
      };
      this.#known.set(key, group);
      this.all.push(group);
    }
    const below = path === "" ? "" : `${path}.`;
    for (const shape of shapes) {
      const chosenBy = shapes.length === 1 ? condition : shape.label;
      for (const [name, value] of Object.entries(shape.node.properties ?? {})) {
        this.#visit(value, `${below}${name}`, chosenBy);
      }
    }
  }

  /** Words of the name; of two groups with one name, the second also says where it is. */
  #title(name: string, where: string): string {
    const words = sentence(name);
    if (!this.all.some(({ title }) => title === words)) return words;
    const longer = `${words} (${where.replaceAll("`", "")})`;
    if (this.all.some(({ title }) => title === longer)) throw new Error(`two parts have the name ${longer}.`);
    return longer;
  }
}

function sentence(name: string): string {
  const words = name.replace(/([a-z])([A-Z])/g, (_, end, start) => `${end} ${start.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function shapesWithFields(node: JsonSchema): Alternative[] {
  return alternativesOf(node).filter((shape) => shape.node.properties !== undefined);
}

function keyOf(shapes: readonly Alternative[]): string {
  return JSON.stringify(
    shapes.map(({ node: { default: _, description: __, title: ___, ...others }, chosenBy }) => [others, chosenBy]),
  );
}

function sectionsOf(shapes: readonly Alternative[]): Section[] {
  const [first, ...others] = shapes;
  if (first === undefined) return [];
  if (others.length === 0) return [{ label: undefined, about: undefined, fields: fieldsOf(first.node) }];
  const { chosenBy } = first;
  return chosenBy !== undefined && others.every((shape) => shape.chosenBy === chosenBy)
    ? byConstant(shapes, chosenBy)
    : byOwners(shapes);
}

/** The field that chooses, and then all fields of each shape. */
function byConstant(shapes: readonly Alternative[], chosenBy: string): Section[] {
  const chooser = { enum: shapes.map(({ node }) => node.properties?.[chosenBy]?.const) };
  return [
    { label: undefined, about: undefined, fields: [{ name: chosenBy, node: chooser, isRequired: true }] },
    ...shapes.map((shape) => ({
      label: shape.label,
      about: shape.node["x-about"],
      fields: fieldsOf(shape.node).filter(({ name }) => name !== chosenBy),
    })),
  ];
}

/** Fields that the same shapes have in the same way are in one section. */
function byOwners(shapes: readonly Alternative[]): Section[] {
  const owners = new Map<string, { readonly field: Field; readonly shapes: Alternative[] }>();
  for (const shape of shapes) {
    for (const field of fieldsOf(shape.node)) {
      const key = JSON.stringify(field);
      const known = owners.get(key);
      if (known === undefined) owners.set(key, { field, shapes: [shape] });
      else known.shapes.push(shape);
    }
  }
  const sections = new Map<string, { readonly shapes: readonly Alternative[]; readonly fields: Field[] }>();
  for (const { field, shapes: having } of owners.values()) {
    const key = having.map((shape) => shapes.indexOf(shape)).join();
    const section = sections.get(key) ?? { shapes: having, fields: [] };
    section.fields.push(field);
    sections.set(key, section);
  }
  return [...sections.values()]
    .toSorted((a, b) => b.shapes.length - a.shapes.length)
    .map(({ shapes: having, fields }) => ({
      label:
        having.length === shapes.length ? undefined : having.map(({ label }) => label ?? "otherwise").join(", or "),
      about: having.length === 1 ? having[0]?.node["x-about"] : undefined,
      fields,
    }));
}

function fieldsOf({ properties = {}, required = [], "x-required-in-typescript": others = [] }: JsonSchema): Field[] {
  return Object.entries(properties).map(([name, node]) => ({
    name,
    node,
    isRequired: required.includes(name) || others.includes(name),
  }));
}

import type { Symbol as TsSymbol, Type } from "typescript/unstable/sync";
import type { InputTypes } from "./input-types.ts";
import type { JsonSchema } from "./json-schema.ts";

/** A field without a comment, a comment without a field, or an object without a type. */
export interface Mismatch {
  readonly path: string;
  readonly problem: string;
}

export interface Origin {
  /** The file that declares the types, for messages. */
  readonly source: string;
  /** Whether each field needs a comment, or a name may say it all. */
  readonly needsComments: boolean;
}

/** Joins the schema's facts with the comments of the types, which say what each field means. */
export class Meanings {
  readonly mismatches: Mismatch[] = [];
  readonly #types: InputTypes;
  readonly #origin: Origin;

  constructor(types: InputTypes, origin: Origin) {
    this.#types = types;
    this.#origin = origin;
  }

  /** The schema with the comments as descriptions, and the names of the types as `x-type`. */
  join(node: JsonSchema, type: Type): JsonSchema {
    return this.#join(node, [type], "");
  }

  #join(node: JsonSchema, types: readonly Type[], path: string): JsonSchema {
    const members = this.#types.alternatives(types);
    const { if: _, then, else: otherwise, allOf, anyOf, oneOf, properties, items, additionalProperties } = node;
    if (then !== undefined && otherwise !== undefined) {
      return { ...node, then: this.#join(then, members, path), else: this.#join(otherwise, members, path) };
    }
    if (allOf !== undefined) return { ...node, allOf: allOf.map((part) => this.#join(part, members, path)) };
    if (properties !== undefined) return this.#joinFields(node, members, path);
    if (items !== undefined) {
      const ofItems = members.filter((type) => this.#types.isList(type)).flatMap((type) => this.#types.itemsOf(type));
      return { ...node, items: this.#join(items, ofItems, `${path}[]`) };
    }
    if (typeof additionalProperties === "object") {
      const ofValues = members.filter((type) => !this.#types.isList(type)).flatMap((type) => this.#types.itemsOf(type));
      return { ...node, additionalProperties: this.#join(additionalProperties, ofValues, `${path}.*`) };
    }
    // Beside fields, these two only say which of them go together.
    if (anyOf !== undefined) return { ...node, anyOf: anyOf.map((part) => this.#join(part, members, path)) };
    if (oneOf !== undefined) return { ...node, oneOf: oneOf.map((part) => this.#join(part, members, path)) };
    return node;
  }

  #joinFields(node: JsonSchema, members: readonly Type[], path: string): JsonSchema {
    const { properties = {} } = node;
    const { source, needsComments } = this.#origin;
    // What tells of missing fields has the fields of all types.
    const isRefused = node["x-refused"] === true;
    const matching = members.filter((type) => isRefused || this.#matches(node, type));
    if (matching.length === 0) this.#report(path, `no type in ${source} has exactly these required fields`);
    for (const name of new Set(matching.flatMap((type) => [...this.#types.fields(type).keys()]))) {
      if (!isRefused && !Object.hasOwn(properties, name))
        this.#report(`${path}.${name}`, `it is in ${source} but not in the schema`);
    }
    const joined = Object.entries(properties).map(([name, value]) => {
      const fieldPath = path === "" ? name : `${path}.${name}`;
      const fields = matching.flatMap((type) => this.#types.fields(type).get(name) ?? []);
      const meaning = this.#meaningOf(fields);
      // A constant only chooses a kind, which has a comment of its own.
      if (needsComments && meaning === "" && !("const" in value) && !isRefused && matching.length > 0) {
        this.#report(fieldPath, `it has no comment in ${source}`);
      }
      const below = this.#join(
        value,
        fields.map(({ type }) => type),
        fieldPath,
      );
      return [name, meaning === "" ? below : { ...below, description: meaning }] as const;
    });
    const [only, ...others] = matching;
    const name = only !== undefined && others.length === 0 ? this.#types.nameOf(only) : undefined;
    const comment = only !== undefined && others.length === 0 ? this.#types.commentOnType(only) : "";
    return {
      ...node,
      properties: Object.fromEntries(joined),
      ...(name === undefined ? {} : { "x-type": name }),
      ...(comment === "" ? {} : { description: comment, "x-about": comment }),
    };
  }

  /** The comment on the field itself, or else the one on its type. */
  #meaningOf(fields: readonly { readonly symbol: TsSymbol; readonly type: Type }[]): string {
    const own = fields.map(({ symbol }) => this.#types.commentOnField(symbol)).find((comment) => comment !== "");
    if (own !== undefined) return own;
    const types = fields.flatMap(({ type }) => [type, ...this.#types.alternatives([type])]);
    return types.map((type) => this.#types.commentOnType(type)).find((comment) => comment !== "") ?? "";
  }

  /** Whether the type requires nothing that the schema does not have, has all that it requires, and the same constants. */
  #matches(node: JsonSchema, type: Type): boolean {
    if (this.#types.isList(type)) return false;
    const { properties = {}, required = [] } = node;
    const fields = this.#types.fields(type);
    if (fields.size === 0 || !required.every((name) => fields.has(name))) return false;
    for (const [name, field] of fields) {
      const value = properties[name];
      if (value === undefined) {
        if (field.isRequired) return false;
        continue;
      }
      if (!("const" in value)) continue;
      const literals = this.#types.alternatives([field.type]).map((member) => this.#types.literalOf(member));
      if (!literals.includes(value.const)) return false;
    }
    return true;
  }

  #report(path: string, problem: string): void {
    if (!this.mismatches.some((known) => known.path === path && known.problem === problem)) {
      this.mismatches.push({ path, problem });
    }
  }
}

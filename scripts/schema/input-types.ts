import { resolve } from "node:path";
import { SyntaxKind } from "typescript/unstable/ast";
import {
  API,
  type Checker,
  type Project,
  type Symbol as TsSymbol,
  type Type,
  TypeFlags,
} from "typescript/unstable/sync";

/** The types of a file and their doc comments, by the compiler's own API. */
export class InputTypes implements Disposable {
  readonly #api: API;
  readonly #project: Project;

  /** @param configFile a tsconfig.json whose project has the files */
  constructor(configFile = "tsconfig.json") {
    this.#api = new API();
    const [project] = this.#api.updateSnapshot({ openProjects: [resolve(configFile)] }).getProjects();
    if (project === undefined) {
      this.#api.close();
      throw new Error(`${configFile}: no project is there.`);
    }
    this.#project = project;
  }

  get #checker(): Checker {
    return this.#project.checker;
  }

  /** The type of an interface, a type alias or a constant that a file declares. */
  declared(fileName: string, name: string): Type {
    for (const symbol of this.#checker.getExportsOfModule(this.#moduleOf(fileName))) {
      if (symbol.name !== name) continue;
      const isValue = symbol.valueDeclaration !== undefined;
      const type = isValue ? this.#checker.getTypeOfSymbol(symbol) : this.#checker.getDeclaredTypeOfSymbol(symbol);
      if (type !== undefined) return type;
    }
    throw new Error(`${fileName}: it exports no ${name}.`);
  }

  #moduleOf(fileName: string): TsSymbol {
    const file = this.#project.program.getSourceFile(resolve(fileName));
    const symbol = file === undefined ? undefined : this.#checker.getSymbolAtLocation(file);
    if (symbol === undefined) throw new Error(`${fileName}: the project has no module of this name.`);
    return symbol;
  }

  /** The members of unions, without undefined. */
  alternatives(types: readonly Type[]): Type[] {
    const members = types.flatMap((type) => (type.isUnionType() ? this.alternatives(type.getTypes() ?? []) : [type]));
    return [...new Map(members.filter((type) => !isNothing(type)).map((type) => [type.id, type])).values()];
  }

  /** The fields that an object type can have, with the types of their values. Those of type never are left out. */
  fields(type: Type): Map<string, { readonly symbol: TsSymbol; readonly type: Type; readonly isRequired: boolean }> {
    const fields = new Map<string, { symbol: TsSymbol; type: Type; isRequired: boolean }>();
    for (const symbol of this.#checker.getPropertiesOfType(type)) {
      const ofField = this.#checker.getTypeOfSymbol(symbol);
      if (ofField === undefined) continue;
      const given = this.alternatives([ofField]);
      if (given.length === 0) continue;
      const isRequired = given.length === this.#membersOf(ofField);
      fields.set(symbol.name, { symbol, type: ofField, isRequired });
    }
    return fields;
  }

  #membersOf(type: Type): number {
    return type.isUnionType() ? (type.getTypes() ?? []).reduce((sum, member) => sum + this.#membersOf(member), 0) : 1;
  }

  /** Types of the items of a list, and of the values of an object with any names. */
  itemsOf(type: Type): Type[] {
    if (!type.isObjectType()) return [];
    return this.#checker.getIndexInfosOfType(type).map(({ valueType }) => valueType);
  }

  isList(type: Type): boolean {
    return this.#checker.isArrayLikeType(type);
  }

  /** The value of a literal type. */
  literalOf(type: Type): unknown {
    if (type.isLiteralType()) return "value" in type ? type.value : undefined;
    const text = this.#checker.typeToString(type);
    return text === "true" || text === "false" ? text === "true" : undefined;
  }

  /** The comment on a field. */
  commentOnField(symbol: TsSymbol): string {
    return clean(symbol.getDocumentationComment(this.#checker));
  }

  /** The comment on an interface or a type alias, or the one before the member of a union. */
  commentOnType(type: Type): string {
    const named = type.getAliasSymbol() ?? type.getSymbol();
    if (named === undefined || !this.#isOwn(named)) return "";
    const comment = clean(named.getDocumentationComment(this.#checker));
    if (comment !== "") return comment;
    const node = named.declarations[0]?.resolve(this.#project);
    if (node === undefined || node.kind !== SyntaxKind.TypeLiteral) return "";
    // The compiler has no comments on members of unions: they are before the bar.
    const before = node.getSourceFile().text.slice(0, node.getStart());
    const [, ofMember = ""] = /^\/\*\*([\s\S]*?)\*\/\s*\|\s*$/.exec(before.slice(before.lastIndexOf("/**"))) ?? [];
    return clean(ofMember.replace(/^\s*\*? ?/gm, "").trim());
  }

  /** Whether the project declares it, and not a library such as TypeScript's own. */
  #isOwn(symbol: TsSymbol): boolean {
    const file = symbol.declarations[0]?.path.toLowerCase() ?? "";
    return file.startsWith(resolve(".").toLowerCase()) && !file.includes("/node_modules/");
  }

  /** The name of an interface or a type alias; undefined for a type without one. */
  nameOf(type: Type): string | undefined {
    const named = type.getAliasSymbol() ?? type.getSymbol();
    return named !== undefined && /^[A-Z]/.test(named.name) && this.#isOwn(named) ? named.name : undefined;
  }

  [Symbol.dispose](): void {
    this.#api.close();
  }
}

function isNothing(type: Type): boolean {
  return (type.flags & (TypeFlags.Undefined | TypeFlags.Never)) !== 0;
}

/** Paragraphs and list items on one line each. */
function clean(comment: string): string {
  return comment.replace(/([^\n])\n(?!\n|- )\s*/g, "$1 ").trim();
}

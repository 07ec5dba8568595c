import type { Credential, Service } from "../../config/index.ts";
import { foldedCharacter } from "./cookies.ts";
import { type Read, UNREADABLE, withoutBlanks } from "./reading.ts";

/** A credential in the query. Servers differ in how they read names there, so every spelling of the name is taken for one. */

/** The names of the parameters in which a service's clients may send a credential. */
export function queryParameters({ filterKind }: Pick<Service, "filterKind">): readonly string[] {
  if (filterKind.kind === "other") return NONE;
  const { credentials } = filterKind;
  const known = knownParameters.get(credentials);
  if (known !== undefined) return known;
  const names = credentials.flatMap((credential) => (credential.from === "query" ? [credential.name] : []));
  knownParameters.set(credentials, names);
  return names;
}

const NONE: readonly string[] = [];
/** Asked for with each request. */
const knownParameters = new WeakMap<readonly Credential[], readonly string[]>();

/** The value of a parameter that is there once. @param query with its `?`, or empty */
export function parameterNamed(query: string, name: string): Read {
  const part = partsOf(query).find((candidate) => decoded(nameIn(candidate)) === name);
  return part === undefined ? undefined : (decoded(part.slice(nameIn(part).length + 1)) ?? UNREADABLE);
}

/** Whether a parameter, in any spelling, is there twice, or inside another one: servers would differ in which one they read. */
export function isGivenTwice(query: string, names: readonly string[]): boolean {
  if (names.length === 0 || query === "") return false;
  return names.some(
    (name) => partsOf(query).filter((part) => means(part, name)).length > 1 || hidesParameter(query, name),
  );
}

/** Whether a server that decodes `%3F` before it looks for the query finds a parameter there (config/path-readings.ts). */
export function isHiddenInPath(path: string, names: readonly string[]): boolean {
  const at = names.length === 0 ? -1 : path.search(/%3f/i);
  if (at < 0) return false;
  const query = `?${path.slice(at + "%3f".length)}`;
  return names.some((name) => partsOf(query).some((part) => means(part, name)) || hidesParameter(query, name));
}

/** The query without the parameters. */
export function withoutParameters(query: string, names: readonly string[]): string {
  if (names.length === 0) return query;
  const parts = partsOf(query);
  const left = parts.filter((part) => !names.some((name) => means(part, name)));
  if (left.length === parts.length) return query;
  return left.length === 0 ? "" : `?${left.join("&")}`;
}

function partsOf(query: string): string[] {
  return query === "" ? [] : query.slice(1).split("&");
}

/** Some servers also split at semicolons, and would find a parameter inside the value of another. */
function hidesParameter(query: string, name: string): boolean {
  return partsOf(query).some((part) =>
    part
      .split(";")
      .slice(1)
      .some((hidden) => means(hidden, name)),
  );
}

function nameIn(part: string): string {
  return part.split("=", 1)[0]!;
}

/** Whether some server reads the parameter by this name. */
function means(part: string, name: string): boolean {
  // PHP ends a name at a NUL, reads `name[x]` as a part of `name`, and a bracket that nothing closes as an underscore.
  const sent = decodedAnyhow(nameIn(part)).replace(/\0.*$/s, "");
  return [sent, sent.replace(/\[.*$/s, "")].some((spelling) => folded(spelling) === folded(name));
}

function folded(name: string): string {
  return Array.from(withoutBlanks(name), foldedCharacter).join("");
}

/** As lenient servers decode it: ASP.NET knows `%u0061`, and others keep what is not UTF-8 in some way. */
function decodedAnyhow(text: string): string {
  return text
    .replaceAll("+", " ")
    .replace(/%u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/(?:%[0-9a-f]{2})+/gi, (run) =>
      new TextDecoder().decode(Uint8Array.from(run.slice(1).split("%"), (byte) => Number.parseInt(byte, 16))),
    );
}

/** Undefined if the percent-encoding is not UTF-8. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

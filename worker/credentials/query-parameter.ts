import type { Credential, Service } from "../../config/index.ts";
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
  const part = partsOf(query).find(
    (candidate) => candidate.length > name.length && decoded(nameIn(candidate)) === name,
  );
  return part === undefined ? undefined : (decoded(part.slice(nameIn(part).length + 1)) ?? UNREADABLE);
}

/** Whether a parameter, in any spelling, is there twice, or inside another one: servers would differ in which one they read. */
export function isGivenTwice(query: string, names: readonly string[]): boolean {
  if (!mayHold(query, names)) return false;
  const parts = partsOf(query);
  const spellings = parts.map(spellingsOf);
  return (
    names.map(folded).some((name) => spellings.filter((each) => each.includes(name)).length > 1) ||
    parts.some((part) => hidesParameter(part, names))
  );
}

/** Whether a server that decodes `%3F` before it looks for the query finds a parameter there (config/path-readings.ts). */
export function isHiddenInPath(path: string, names: readonly string[]): boolean {
  const at = names.length === 0 ? -1 : path.search(/%3f/i);
  if (at < 0) return false;
  const query = `?${path.slice(at + "%3f".length)}`;
  return mayHold(query, names) && partsOf(query).some((part) => means(part, names) || hidesParameter(part, names));
}

/** The query without the parameters. */
export function withoutParameters(query: string, names: readonly string[]): string {
  if (!mayHold(query, names)) return query;
  const parts = partsOf(query);
  const left = parts.filter((part) => !means(part, names));
  if (left.length === parts.length) return query;
  return left.length === 0 ? "" : `?${left.join("&")}`;
}

/** False if no part can mean one of the names. One look at the whole query is fast, however many parts it has. */
function mayHold(query: string, names: readonly string[]): boolean {
  if (names.length === 0 || query === "") return false;
  const text = folded(decodedAnyhow(query));
  return names.some((name) => text.includes(folded(name)));
}

function partsOf(query: string): string[] {
  return query === "" ? [] : query.slice(1).split("&");
}

/** Some servers also split at semicolons, and would find a parameter inside the value of another. */
function hidesParameter(part: string, names: readonly string[]): boolean {
  return (
    part.includes(";") &&
    part
      .split(";")
      .slice(1)
      .some((hidden) => means(hidden, names))
  );
}

function nameIn(part: string): string {
  const equals = part.indexOf("=");
  return equals < 0 ? part : part.slice(0, equals);
}

/** Whether some server reads the parameter by one of the names. */
function means(part: string, names: readonly string[]): boolean {
  const spellings = spellingsOf(part);
  return names.some((name) => spellings.includes(folded(name)));
}

/** The names, folded, by which servers read a parameter. */
function spellingsOf(part: string): string[] {
  // PHP ends a name at a NUL, reads `name[x]` as a part of `name`, and a bracket that nothing closes as an underscore.
  const [sent = ""] = decodedAnyhow(nameIn(part)).split("\0", 1);
  const bracket = sent.indexOf("[");
  return bracket < 0 ? [folded(sent)] : [folded(sent), folded(sent.slice(0, bracket))];
}

/** As names of cookies are folded (cookies.ts). */
function folded(name: string): string {
  return withoutBlanks(name).toLowerCase().replace(/[ .[]/g, "_");
}

const LENIENT = new TextDecoder();

/** As lenient servers decode it: ASP.NET knows `%u0061`, and others keep what is not UTF-8 in some way. */
function decodedAnyhow(text: string): string {
  const spaced = text.replaceAll("+", " ");
  if (!spaced.includes("%")) return spaced;
  return spaced
    .replace(/%u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/(?:%[0-9a-f]{2})+/gi, (run) =>
      LENIENT.decode(Uint8Array.from(run.slice(1).split("%"), (byte) => Number.parseInt(byte, 16))),
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

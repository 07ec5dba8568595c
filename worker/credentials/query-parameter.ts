import { foldedCharacter } from "./cookies.ts";
import { type Read, UNREADABLE } from "./reading.ts";

/** A credential in the query. Servers differ in how they read names there, so every spelling of the name is taken for one. */

/** The value of a parameter; unreadable if it, or another spelling of it, is there twice. @param query with its `?`, or empty */
export function parameterNamed(query: string, name: string): Read {
  const meant = partsOf(query).filter((part) => means(part, name));
  if (meant.length > 1 || hidesParameter(query, name)) return UNREADABLE;
  const [part] = meant;
  if (part === undefined || decoded(nameIn(part)) !== name) return undefined;
  return decoded(part.slice(nameIn(part).length + 1)) ?? UNREADABLE;
}

/** The query without the parameters. */
export function withoutParameters(query: string, names: readonly string[]): string {
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
  const sent = decoded(nameIn(part));
  // A part without a readable name is left alone: no server finds the credential in it.
  return sent !== undefined && folded(sent.replace(/\[.*$/s, "")) === folded(name);
}

function folded(name: string): string {
  return Array.from(name.trim(), foldedCharacter).join("");
}

/** Undefined if the percent-encoding is not UTF-8. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

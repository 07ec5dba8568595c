import type { Json } from "../../config/input.ts";
import type { User } from "./policy-file.ts";

/** What a token or a server says about the user; null for what it leaves out. */
export function claimsOf(name: string, { scopes, claims }: User): Record<string, Json> {
  return { sub: name, ...(scopes.length === 0 ? {} : { scope: scopes.join(" ") }), ...claims };
}

/** A claim that is null in the file is left out. */
export function withoutNulls(claims: Readonly<Record<string, Json>>): Record<string, Json> {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null));
}

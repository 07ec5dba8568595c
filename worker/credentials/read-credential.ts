import type { Credential } from "../../config/index.ts";
import { cookieNamed } from "./cookies.ts";
import { parameterNamed } from "./query-parameter.ts";
import { type Read, UNREADABLE, withoutBlanks } from "./reading.ts";
import { tokenAfter } from "./websocket-protocols.ts";

/** The parts of a request where a credential may be. */
export interface CredentialPlaces {
  /** A header's value; null if there is none, or if `Connection` limits it to this hop. Repeated lines have a comma between them. */
  header(name: string): string | null;
  /** With its question mark, or empty. */
  readonly query: string;
  readonly asksWebSocket: boolean;
  /** The SHA-256 fingerprint of a client certificate that the platform has verified. */
  certificate(): string | undefined;
}

export type FoundCredential =
  | {
      readonly kind: "found";
      readonly source: Credential;
      /** Without its scheme; visible ASCII. */
      readonly text: string;
      readonly isBasic: boolean;
    }
  | { readonly kind: "missing" }
  /** Two values, or one that no credential can have. Another parser might read another one. */
  | { readonly kind: "malformed" };

/** The longest credential, in characters. The built-in filter's limit is lower. */
const MAX_CHARACTERS = 16_384;

const MISSING = { kind: "missing" } as const;
const MALFORMED = { kind: "malformed" } as const;

/** Finds the request's credential: the first source that has one counts. */
export function readCredential(sources: readonly Credential[], places: CredentialPlaces): FoundCredential {
  for (const source of sources) {
    const read = readFrom(source, places);
    if (read === UNREADABLE) return MALFORMED;
    const text = withoutBlanks(read ?? "");
    if (text === "") continue;
    if (text.length > MAX_CHARACTERS || !/^[\x21-\x7e]+$/.test(text)) return MALFORMED;
    return { kind: "found", source, text, isBasic: isBasic(source, places) };
  }
  return MISSING;
}

function readFrom(source: Credential, places: CredentialPlaces): Read {
  switch (source.from) {
    case "authorization":
      return afterScheme(places.header("authorization"), source.schemes);
    case "header": {
      const value = places.header(source.name);
      if (source.scheme !== undefined) return afterScheme(value, [source.scheme]);
      return source.prefix === undefined ? (value ?? undefined) : afterPrefix(value, source.prefix);
    }
    case "cookie":
      return cookieNamed(places.header("cookie") ?? "", source.name);
    case "query":
      return parameterNamed(places.query, source.name);
    case "websocket-protocol":
      return places.asksWebSocket ? tokenAfter(places.header("sec-websocket-protocol"), source.name) : undefined;
    case "certificate":
      return places.certificate();
  }
}

function isBasic(source: Credential, places: CredentialPlaces): boolean {
  return source.from === "authorization" && schemeOf(places.header("authorization") ?? "") === "basic";
}

function schemeOf(value: string): string {
  return withoutBlanks(value).split(" ", 1)[0]!.toLowerCase();
}

/** The text after one of the schemes, in any case. */
function afterScheme(value: string | null, schemes: readonly string[]): string | undefined {
  if (value === null) return undefined;
  const trimmed = withoutBlanks(value);
  const blank = trimmed.indexOf(" ");
  const scheme = (blank < 0 ? trimmed : trimmed.slice(0, blank)).toLowerCase();
  return blank >= 0 && schemes.includes(scheme) ? trimmed.slice(blank) : undefined;
}

function afterPrefix(value: string | null, prefix: string): string | undefined {
  return value?.startsWith(prefix) ? value.slice(prefix.length) : undefined;
}

/**
 * A request's target as it was received, and the refusal of every path that two parsers could read differently.
 *
 * The filter decides about a path and the upstream acts on it. Where they can read one text as two paths, a client gets
 * a decision for the one and the answer of the other. So nothing here parses with `URL`, which resolves dot segments,
 * turns `\` into `/` and encodes characters before anybody sees them; the text is sliced, checked and passed on as it is.
 * Of the host it is asked alone whether it would change it.
 */

import { hasDisguisedDotSegment } from "../config/path-readings.ts";

export interface Target {
  readonly scheme: "http" | "https";
  /** As received, in lower case, with its port unless that is the scheme's own. */
  readonly host: string;
  /** Canonical: begins with `/`, one spelling only, percent-encoding kept. */
  readonly path: string;
  /** With its `?`, or empty; the characters that `fetch` would encode are encoded. */
  readonly query: string;
}

export type TargetRefusal =
  | "malformed_url"
  | "malformed_host"
  | "userinfo_in_url"
  | "fragment_in_url"
  | "path_too_long"
  | "query_too_long"
  | "control_character"
  | "non_ascii_character"
  | "backslash_in_path"
  | "double_slash_in_path"
  | "dot_segment_in_path"
  | "empty_segment_in_path"
  | "forbidden_character_in_path"
  | "malformed_percent_encoding"
  | "encoded_slash_in_path"
  | "encoded_control_character"
  | "needless_percent_encoding"
  | "double_percent_encoding"
  | "percent_encoding_not_utf8";

export type TargetResult = ({ readonly ok: true } & Target) | RefusedTarget;

interface RefusedTarget {
  readonly ok: false;
  readonly reason: TargetRefusal;
  /** Whose refusal it is, as far as that can be told: good for what is said of it, not for any decision. */
  readonly asked?: { readonly host: string; readonly path: string };
}

export const TARGET_LIMITS = {
  /** Servers cut or refuse longer ones at different lengths (8 KiB is usual); also what a cache's key is made of. */
  maxPathCharacters: 8_192,
  maxQueryCharacters: 16_384,
} as const;

const URL_PARTS = /^(https?):\/\/([^/?#\\]*)([^?#]*)(\?[^#]*)?(#.*)?$/is;
const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;

/**
 * Takes a request's URL apart without changing it.
 *
 * @param rawUrl `request.url` as the runtime gives it: absolute, the path as the client sent it
 */
export function readTarget(rawUrl: string): TargetResult {
  const parts = URL_PARTS.exec(rawUrl);
  if (parts === null) return reject("malformed_url");
  const [, scheme = "", authority = "", rawPath = "", query = "", fragment] = parts;
  // User information hides the host from whoever reads up to the "@": http://api.example@evil.example/
  if (authority.includes("@")) return reject("userinfo_in_url");
  const sentScheme = scheme.toLowerCase() === "https" ? "https" : "http";
  const host = sentHost(sentScheme, authority.toLowerCase());
  if (host === undefined) return reject("malformed_host");
  // A fragment is never sent over HTTP. One that arrives was smuggled in, and cuts the path only for some readers.
  if (fragment !== undefined) return reject("fragment_in_url");

  const path = rawPath === "" ? "/" : rawPath;
  const reason = rejectPath(path) ?? rejectQuery(query);
  if (reason !== undefined) return { ...reject(reason), asked: { host, path } };
  return { ok: true, scheme: sentScheme, host, path, query: sentQuery(query) };
}

/** What a URL parser may write in another way: a port, an IPv6 address, and a last label that begins like a number. */
const HOST_OF_SEVERAL_FORMS = /:|(?:^|\.)\d[^.]*\.?$/;

/**
 * The host as a bound upstream gets it: by a URL, whose parser makes 127.0.0.1 of `127.1` and drops the default port. So
 * everybody is shown the host without that port, and one that would become another is refused.
 */
function sentHost(scheme: Target["scheme"], host: string): string | undefined {
  if (!HOST.test(host)) return undefined;
  if (!HOST_OF_SEVERAL_FORMS.test(host)) return host;
  const url = `${scheme}://${host}`;
  if (!URL.canParse(url)) return undefined;
  const parsed = new URL(url);
  return parsed.hostname === host.replace(/:\d+$/, "") ? parsed.host : undefined;
}

/**
 * The query as the upstream gets it. URL parsers, and so `fetch`, percent-encode these characters in a query (URL
 * standard, special-query percent-encode set); everybody is shown that one text.
 */
function sentQuery(query: string): string {
  return query.replace(/["'<>]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function reject(reason: TargetRefusal): RefusedTarget {
  return { ok: false, reason };
}

/** Why a raw path has more than one reading, or undefined if it is canonical. The first hazard found is named. */
export function rejectPath(path: string): TargetRefusal | undefined {
  if (path.length > TARGET_LIMITS.maxPathCharacters) return "path_too_long";
  return rejectCharacters(path) ?? rejectEncoding(path) ?? rejectSegments(path);
}

/** Queries are the application's own language: only what cannot stand in a request line is refused. */
function rejectQuery(query: string): TargetRefusal | undefined {
  if (query.length > TARGET_LIMITS.maxQueryCharacters) return "query_too_long";
  if (hasControl(query)) return "control_character";
  // Raw bytes beyond ASCII are read as UTF-8 by some and as Latin-1 by others.
  return isAscii(query) ? undefined : "non_ascii_character";
}

function rejectCharacters(path: string): TargetRefusal | undefined {
  // A line feed ends a header line for the next hop, a NUL ends the text for a server written in C.
  if (hasControl(path)) return "control_character";
  if (!isAscii(path)) return "non_ascii_character";
  // Browsers, IIS and URL parsers take a backslash for a slash.
  if (path.includes("\\")) return "backslash_in_path";
  // Not of a path (RFC 3986 3.3), and percent-encoded by the next URL parser, so that the upstream sees another text.
  if (/[ "<>^`{}#?]/.test(path)) return "forbidden_character_in_path";
  return undefined;
}

function rejectEncoding(path: string): TargetRefusal | undefined {
  if (!path.includes("%")) return undefined;
  // A lone "%" is kept by some decoders, an error to others, and half of an escape after a second round.
  if (/%(?![0-9a-f]{2})/i.test(path)) return "malformed_percent_encoding";
  // One segment for the filter, two for an upstream that decodes before it splits.
  if (/%(?:2f|5c)/i.test(path)) return "encoded_slash_in_path";
  if (/%(?:[01][0-9a-f]|7f|c2%[89][0-9a-f])/i.test(path)) return "encoded_control_character";
  if (hasDotSegment(path)) return "dot_segment_in_path";
  // `/%61dmin` is `/admin` to whoever decodes and a different path to whoever compares. RFC 3986 2.3: unreserved
  // characters should not be encoded, so no client needs to.
  if (hasEncodedUnreserved(path)) return "needless_percent_encoding";
  // `%252f` becomes `%2f` here and `/` at an upstream that decodes a second time.
  if (/%25[0-9a-f]{2}/i.test(path)) return "double_percent_encoding";
  return isDecodable(path) ? undefined : "percent_encoding_not_utf8";
}

function rejectSegments(path: string): TargetRefusal | undefined {
  // An empty segment is dropped by servers that merge slashes, and makes `//host` out of a path that is resolved.
  if (path.includes("//")) return "double_slash_in_path";
  // Servlet containers cut path parameters off first: `/a/;x/b` becomes `/a//b`, and then `/a/b`.
  if (/\/(?:;|%3b)/i.test(path)) return "empty_segment_in_path";
  // Windows drops blanks at the end of a name: `..%20` is `..` then. So is it in full-width dots to whoever normalizes them.
  return hasDotSegment(path) || hasDisguisedDotSegment(path) ? "dot_segment_in_path" : undefined;
}

/**
 * `.` and `..` lead to another path once somebody resolves them: also encoded, and with path parameters (`/..;x/`),
 * which servlet containers cut off first.
 */
function hasDotSegment(path: string): boolean {
  if (!/\.|%2e/i.test(path)) return false;
  return path.split("/").some((segment) => /^(?:\.|%2e){1,2}(?:;|%3b|$)/i.test(segment));
}

/** True if an escape stands for a letter, a digit, `-`, `.`, `_` or `~`. */
function hasEncodedUnreserved(path: string): boolean {
  return (path.match(/%[0-9a-f]{2}/gi) ?? []).some((encoded) =>
    /[A-Za-z0-9._~-]/.test(String.fromCharCode(Number.parseInt(encoded.slice(1), 16))),
  );
}

/** Bytes that are not UTF-8 have no text: `%c0%af` is a slash to decoders that accept overlong forms. */
function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

function hasControl(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7e) return false;
  return true;
}

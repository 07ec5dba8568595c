/**
 * Reads a request's target as received and refuses every path that two parsers could read differently.
 *
 * The filter decides about a path and the upstream acts on it. If they read one text as two paths, a client gets a decision
 * for one and the answer of the other. So no path here goes through `URL`, which resolves dot segments, turns `\` into `/`
 * and encodes characters before any check; the text is sliced, checked and passed on as it is. `URL` is used only to check
 * whether it would change the host.
 */

import { hasDisguisedDotSegment } from "../config/path-readings.ts";

export interface Target {
  readonly scheme: "http" | "https";
  /** As received, in lower case, with its port unless that is the scheme's default. */
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
  /** Host and path of the refused request, if known. Good enough to pick the reply's CORS headers, not for any decision. */
  readonly asked?: { readonly host: string; readonly path: string };
}

export const TARGET_LIMITS = {
  /** Servers cut or refuse longer paths at different lengths (8 KiB is usual). Paths are also part of cache keys. */
  maxPathCharacters: 8_192,
  maxQueryCharacters: 16_384,
} as const;

const URL_PARTS = /^(https?):\/\/([^/?#\\]*)([^?#]*)(\?[^#]*)?(#.*)?$/is;
/**
 * Most requests: a host name that no parser rewrites, a path of segments without dots, escapes or parameters, and a query
 * of ordinary characters. Nothing in such a URL has a second reading, so one look is enough.
 */
const PLAIN_URL =
  /^(https?):\/\/((?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*)(\/|(?:\/[A-Za-z0-9_~-]+)+\/?)(\?[A-Za-z0-9_~.=&%+,:@/-]*)?$/;
const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;

/**
 * Takes a request's URL apart without changing it.
 *
 * @param rawUrl `request.url` as the runtime gives it: absolute, the path as the client sent it
 */
export function readTarget(rawUrl: string): TargetResult {
  return readPlainTarget(rawUrl) ?? readAnyTarget(rawUrl);
}

function readPlainTarget(rawUrl: string): TargetResult | undefined {
  const parts = PLAIN_URL.exec(rawUrl);
  if (parts === null) return undefined;
  const [, scheme, host, path, query = ""] = parts as unknown as [string, Target["scheme"], string, string, string?];
  const { maxPathCharacters, maxQueryCharacters } = TARGET_LIMITS;
  if (path.length > maxPathCharacters || query.length > maxQueryCharacters) return undefined;
  return { ok: true, scheme, host, path, query };
}

/** What `readTarget` does with any URL; plain ones only take longer. */
export function readAnyTarget(rawUrl: string): TargetResult {
  const parts = URL_PARTS.exec(rawUrl);
  if (parts === null) return reject("malformed_url");
  const [, scheme = "", authority = "", rawPath = "", query = "", fragment] = parts;
  // User information hides the host from parsers that read up to the "@": http://api.example@evil.example/
  if (authority.includes("@")) return reject("userinfo_in_url");
  const sentScheme = scheme.toLowerCase() === "https" ? "https" : "http";
  const host = sentHost(sentScheme, authority.toLowerCase());
  if (host === undefined) return reject("malformed_host");
  // HTTP clients never send a fragment. One that arrives was smuggled in, and only some parsers cut the path at it.
  if (fragment !== undefined) return reject("fragment_in_url");

  const path = rawPath === "" ? "/" : rawPath;
  const reason = rejectPath(path) ?? rejectQuery(query);
  if (reason !== undefined) return { ...reject(reason), asked: { host, path } };
  return { ok: true, scheme: sentScheme, host, path, query: sentQuery(query) };
}

/** The path as received; a URL parser would decode or resolve parts of it. Neither checked nor canonical. */
export function rawPath(rawUrl: string): string {
  const start = rawUrl.indexOf("/", rawUrl.indexOf("://") + 3);
  if (start < 0) return "/";
  const query = rawUrl.indexOf("?", start);
  return query < 0 ? rawUrl.slice(start) : rawUrl.slice(start, query);
}

/** Hosts that a URL parser may rewrite: with a port, an IPv6 address, or a last label that begins with a digit. */
const HOST_OF_SEVERAL_FORMS = /:|(?:^|\.)\d[^.]*\.?$/;

/**
 * The host as a bound upstream gets it: in a URL, whose parser turns `127.1` into 127.0.0.1 and drops the default port. So
 * filter and upstream both get the host without that port. Undefined if the parser would turn it into another host.
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
 * standard, special-query percent-encode set), so the filter gets them encoded too.
 */
function sentQuery(query: string): string {
  return query.replace(/["'<>]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function reject(reason: TargetRefusal): RefusedTarget {
  return { ok: false, reason };
}

/** The first reason why a raw path has more than one reading, or undefined if it is canonical. */
export function rejectPath(path: string): TargetRefusal | undefined {
  if (path.length > TARGET_LIMITS.maxPathCharacters) return "path_too_long";
  return rejectCharacters(path) ?? rejectEncoding(path) ?? rejectSegments(path);
}

/** Each application defines its own query syntax: only characters that a request line cannot hold are refused. */
function rejectQuery(query: string): TargetRefusal | undefined {
  if (query.length > TARGET_LIMITS.maxQueryCharacters) return "query_too_long";
  if (hasControl(query)) return "control_character";
  // Some servers read raw bytes beyond ASCII as UTF-8, others as Latin-1.
  return isAscii(query) ? undefined : "non_ascii_character";
}

function rejectCharacters(path: string): TargetRefusal | undefined {
  // A line feed ends a header line for the next hop; a NUL ends the string for a server written in C.
  if (hasControl(path)) return "control_character";
  if (!isAscii(path)) return "non_ascii_character";
  // Browsers, IIS and URL parsers treat a backslash as a slash.
  if (path.includes("\\")) return "backslash_in_path";
  // Not allowed in a path (RFC 3986 3.3). The next URL parser would percent-encode them, so the upstream would see another text.
  if (/[ "<>^`{}#?]/.test(path)) return "forbidden_character_in_path";
  return undefined;
}

function rejectEncoding(path: string): TargetRefusal | undefined {
  if (!path.includes("%")) return undefined;
  // Some decoders keep a lone "%", others fail on it; after a second decoding it can be part of an escape.
  if (/%(?![0-9a-f]{2})/i.test(path)) return "malformed_percent_encoding";
  // One segment for the filter, two for an upstream that decodes before it splits.
  if (/%(?:2f|5c)/i.test(path)) return "encoded_slash_in_path";
  if (/%(?:[01][0-9a-f]|7f|c2%[89][0-9a-f])/i.test(path)) return "encoded_control_character";
  if (hasDotSegment(path)) return "dot_segment_in_path";
  // `/%61dmin` is `/admin` to a server that decodes it and another path to one that compares it raw. Unreserved characters
  // should not be encoded (RFC 3986 2.3), so no client needs to.
  if (hasEncodedUnreserved(path)) return "needless_percent_encoding";
  // `%252f` becomes `%2f` here and `/` at an upstream that decodes a second time.
  if (/%25[0-9a-f]{2}/i.test(path)) return "double_percent_encoding";
  return isDecodable(path) ? undefined : "percent_encoding_not_utf8";
}

function rejectSegments(path: string): TargetRefusal | undefined {
  // Servers that merge slashes drop an empty segment. URL parsers read a path that begins with one as `//host`.
  if (path.includes("//")) return "double_slash_in_path";
  // Servlet containers cut path parameters off first: `/a/;x/b` becomes `/a//b`, and then `/a/b`.
  if (/\/(?:;|%3b)/i.test(path)) return "empty_segment_in_path";
  // Windows drops blanks at the end of a name, so `..%20` becomes `..`. Unicode normalization turns full-width dots into `..`.
  return hasDotSegment(path) || hasDisguisedDotSegment(path) ? "dot_segment_in_path" : undefined;
}

/**
 * `.` and `..` lead to another path when a server resolves them. This includes encoded dots, and dots with path parameters
 * (`/..;x/`), which servlet containers cut off first.
 */
function hasDotSegment(path: string): boolean {
  if (!/\.|%2e/i.test(path)) return false;
  return path.split("/").some((segment) => /^(?:\.|%2e){1,2}(?:;|%3b|$)/i.test(segment));
}

/** True if an escape encodes a letter, a digit, `-`, `.`, `_` or `~`. */
function hasEncodedUnreserved(path: string): boolean {
  return (path.match(/%[0-9a-f]{2}/gi) ?? []).some((encoded) =>
    /[A-Za-z0-9._~-]/.test(String.fromCharCode(Number.parseInt(encoded.slice(1), 16))),
  );
}

/** False if the bytes are not UTF-8: `%c0%af` is a slash to decoders that accept overlong forms. */
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

import type { HeaderList } from "./header-table.ts";

/** A token of RFC 9110, in lower case. */
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** Control characters that no value may contain, including those that allow header injection (CWE-113). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern matches control characters on purpose
const INJECTION = /[\0-\x08\x0a-\x1f\x7f]/;

const PSEUDO_HEADERS: ReadonlySet<string> = new Set([
  ":method",
  ":path",
  ":authority",
  ":scheme",
  ":status",
  ":protocol",
]);

/** True for a name a guest may write: a lower-case field name or a known pseudo header. */
export function isWritableName(name: string): boolean {
  return FIELD_NAME.test(name) || PSEUDO_HEADERS.has(name);
}

/** True for a value that cannot break out of its header. */
export function isWritableValue(value: string): boolean {
  return !INJECTION.test(value);
}

/** True for the status of a final response, 200 to 599. */
export function isWritableStatus(value: string): boolean {
  return /^[2-5]\d\d$/.test(value);
}

/**
 * The headers with names in lower case, or undefined if a name or value is not valid on the wire. Nothing is repaired: a
 * filter that forwards client input must notice that it is invalid.
 */
export function writableHeaders(headers: HeaderList): HeaderList | undefined {
  const writable: HeaderList = [];
  for (const [rawName, value] of headers) {
    const name = lowerCaseName(rawName);
    if (!isWritableName(name) || !isWritableValue(value)) return undefined;
    writable.push([name, value]);
  }
  return writable;
}

/** Lower-cases A-Z only: full case folding maps other characters to ASCII (U+212A, the Kelvin sign, becomes "k"). */
export function lowerCaseName(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** In requests, `host` is an alias of `:authority`, for filters written for HTTP/1. */
export function requestName(name: string): string {
  return name === "host" ? ":authority" : name;
}

export function headerValue(headers: Readonly<HeaderList>, name: string): string | undefined {
  for (const [candidate, value] of headers) {
    if (candidate === name) return value;
  }
  return undefined;
}

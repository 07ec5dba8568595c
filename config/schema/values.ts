import * as v from "valibot";
import { CONFIG_LIMITS } from "../configuration-limits.ts";
import {
  canonicalHeaderName,
  isConnectionHeader,
  isForwardedHeader,
  PLAIN_HEADER_NAME,
  whyNotClientHeader,
  whyNotIdentityHeader,
} from "../header-names.ts";
import { isOverridingHeader } from "../header-patterns.ts";
import { isIdentifyingHeader } from "../identifying-headers.ts";
import type { Json, Secret } from "../input.ts";
import { oneOf } from "../suggest.ts";
import { aList, anObject, chosen } from "./chosen.ts";
import { explainedText, fields, isPlainObject, list, text } from "./fields.ts";

/** Values that appear in several places of the configuration. */

const { maxTextLength, maxListLength } = CONFIG_LIMITS;

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Bindings and secrets: both are properties of the Worker's environment. */
export const bindingName = text(
  'the name of a binding, of letters, digits and "_", as in wrangler.toml',
  IDENTIFIER,
  maxTextLength,
);

export const secretName = text(
  'the name of a secret, of letters, digits and "_"; its value comes from the environment',
  IDENTIFIER,
  maxTextLength,
);

/** The service's name names its object, is part of its cache keys, and labels logs and metrics. */
export const serviceName = text(
  'a service name: a letter, then letters, digits, "-" and "_", at most 63 characters',
  /^[A-Za-z][A-Za-z0-9_-]{0,62}$/,
  maxTextLength,
);

const SECRET_ALLOWED = 'secret("NAME"): the value must come from the environment, not from this file';

/** A value that must not be in the file. Refuses a text and does not repeat it in the message. */
export const secretReference = chosen<Secret>(SECRET_ALLOWED, [[anObject, fields({ secret: secretName })]]);

/** A value that may be in the file. */
export const textOrSecret = chosen<string | Secret>(
  'a text, or secret("NAME")',
  [[anObject, secretReference]],
  visibleText('a text, or secret("NAME")'),
);

/** ASCII text that is valid in a header or a request line. */
export function visibleText(allowed: string) {
  return text(`${allowed}, of visible ASCII characters`, /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, maxTextLength);
}

/** Some texts to compare with. */
export const texts = list(visibleText("a text"), "a list of texts", { min: 1, max: maxListLength });

/** One text or a list of them. */
export const oneOrMore = v.pipe(
  chosen<string | string[]>("a text, or a list of texts", [[aList, texts]], visibleText("a text")),
  v.transform((value) => (typeof value === "string" ? [value] : value)),
);

export const clusterName = text("the name of one of the service's clusters", (value) => value !== "", maxTextLength);

const HEADER_ALLOWED = "a header name";

/** CGI-like servers cannot tell `_` from `-`. Headers with other characters do not pass the gateway. */
const IDENTITY_NAME = /^[0-9A-Za-z_-]+$/;

const IDENTITY_ALLOWED = 'a header name of letters, digits, "-" and "_"';

function headerName(pattern: RegExp, allowed: string) {
  return [
    v.regex<string, string>(pattern, allowed),
    v.maxLength<string, number, string>(maxTextLength, allowed),
  ] as const;
}

/** Set by the filter; in lower case. */
export const identityHeader = v.pipe(
  v.string(HEADER_ALLOWED),
  ...headerName(IDENTITY_NAME, `${IDENTITY_ALLOWED}; give each whole name: only identityHeaders accepts "x-auth-*"`),
  v.check(
    (value) => whyNotIdentityHeader(value) === undefined,
    (issue) => `another header, because ${whyNotIdentityHeader(issue.input) ?? ""}`,
  ),
  v.transform((value) => value.toLowerCase()),
);

/** Read from the client's request, so its name must pass the gateway; in lower case. */
export const requestHeader = v.pipe(
  v.string(HEADER_ALLOWED),
  ...headerName(
    PLAIN_HEADER_NAME,
    'a header name of letters, digits and "-"; others do not pass the gateway, because upstreams confuse them',
  ),
  v.check(
    (value) => !isConnectionHeader(value),
    "another header, because this one belongs to the connection and does not pass the gateway",
  ),
  v.check(
    (value) => !isOverridingHeader(value) || isForwardedHeader(value),
    "another header, because this one is removed from every request: with it a client could change the authorized request",
  ),
  v.transform((value) => value.toLowerCase()),
);

/** A header of a response, in lower case. */
export const responseHeader = v.pipe(
  v.string(HEADER_ALLOWED),
  ...headerName(PLAIN_HEADER_NAME, 'a header name of letters, digits and "-"'),
  v.transform((value) => value.toLowerCase()),
);

/** A header of an authorization server's allow that goes to the client; in lower case. */
const clientHeader = v.pipe(
  v.string(HEADER_ALLOWED),
  ...headerName(PLAIN_HEADER_NAME, 'a header name of letters, digits and "-"'),
  v.check(
    (value) => whyNotClientHeader(value) === undefined,
    (issue) => `another header, because ${whyNotClientHeader(issue.input) ?? ""}`,
  ),
  v.transform((value) => value.toLowerCase()),
);

/** A client's header that no decision depends on; in lower case. */
const unkeyedHeader = v.pipe(
  requestHeader,
  v.check(
    (value) => !isIdentifyingHeader(value),
    "a header that says nothing of who the client is or what it may do, like traceparent; one that does belongs in requestHeaders",
  ),
);

/** A name, or the beginning of names: `x-auth-*`. */
const identityHeaderPattern = v.pipe(
  v.string(HEADER_ALLOWED),
  v.check(
    (value) =>
      /^(?:[0-9A-Za-z][0-9A-Za-z_-]*[-_]\*)$/.test(value) ||
      (IDENTITY_NAME.test(value) && value.length <= maxTextLength),
    `${IDENTITY_ALLOWED}, or the beginning of names and "*" after a "-": "x-auth-*"`,
  ),
  v.check(
    (value) => whyNotIdentityHeader(value) === undefined,
    (issue) => `another header, because ${whyNotIdentityHeader(issue.input) ?? ""}`,
  ),
  v.transform((value) => value.toLowerCase()),
);

export const identityHeaders = list(identityHeaderPattern, "a list of header names", { min: 0, max: maxListLength });

/** True if no two names are the same header to an upstream, which may ignore case and read `_` as `-`. */
export function areDistinctHeaders(names: readonly string[]): boolean {
  return new Set(names.map(canonicalHeaderName)).size === names.length;
}

export const EACH_HEADER_ONCE = 'each header once; upstreams ignore case, and many cannot tell "_" from "-"';

function distinct(header: v.GenericSchema<unknown, string>): v.GenericSchema<unknown, string[]> {
  return v.pipe(
    list(header, "a list of header names", filterList),
    v.check((names) => areDistinctHeaders(names), EACH_HEADER_ONCE),
  );
}

/** Lists that the built-in filter keeps in tables of a fixed size. */
const filterList = { min: 0, max: CONFIG_LIMITS.maxFilterHeaders };
export const requestHeaders = distinct(requestHeader);
export const unkeyedHeaders = distinct(unkeyedHeader);
export const upstreamHeaders = distinct(identityHeader);
export const clientHeaders = distinct(clientHeader);

/**
 * The methods that workerd passes to a Worker. It answers all others itself with 501, so a rule for `DELTE` or `get` would
 * protect nothing. TRACE and CONNECT are left out: the gateway refuses them.
 */
const METHODS = [
  ...["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "QUERY", "PURGE", "BAN"],
  ...["COPY", "LOCK", "MKCOL", "MOVE", "PROPFIND", "PROPPATCH", "SEARCH", "UNLOCK", "ACL", "REPORT", "MKACTIVITY"],
  ...["CHECKOUT", "MERGE", "MSEARCH", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE"],
];

export const methodName = explainedText(
  "a method in capitals",
  (value) =>
    METHODS.includes(value)
      ? undefined
      : `a method in capitals that reaches Workers and that the gateway does not refuse: ${oneOf(METHODS, value.toUpperCase())}`,
  40,
);

/** Path of a call to an authorization server, including any query. */
export const callPath = text(
  'a path that begins with "/", without fragment, spaces or characters beyond ASCII',
  /^\/(?!\/)[\x21-\x22\x24-\x5b\x5d-\x7e]*$/,
  maxTextLength,
);

/** A host name (DNS, or an IPv4 address), lower case, without port, as URL parsers write it: 127.0.0.1, not 127.1. */
export function isHostName(value: string): boolean {
  return (
    value.length <= 253 &&
    /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/.test(value) &&
    URL.canParse(`http://${value}`) &&
    new URL(`http://${value}`).hostname === value
  );
}

/** Any JSON value, with secrets in it; limited in depth, so that serializing it cannot overflow the stack. */
export const json = v.pipe(
  v.custom<Json>(
    (value) => isJson(value, 64),
    'a text, or JSON with secret("NAME") for values that must not be in this file',
  ),
  v.metadata({ type: ["string", "number", "boolean", "null", "array", "object"] }),
);

function isJson(value: unknown, depth: number): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (depth === 0) return false;
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth - 1));
  return isPlainObject(value) && Object.values(value).every((item) => isJson(item, depth - 1));
}

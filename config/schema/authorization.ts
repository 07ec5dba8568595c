import * as v from "valibot";
import { CONFIG_LIMITS } from "../configuration-limits.ts";
import type {
  Authorization,
  Cache,
  ClientAuthentication,
  Credential,
  DecisionPoint,
  Expectation,
  ForwardAuth,
  Introspection,
  SubjectSource,
} from "../gateway.ts";
import { isForwardedHeader } from "../header-names.ts";
import type { Secret } from "../input.ts";
import { discriminated, fields, isPlainObject, list, named, text, wholeNumber } from "./fields.ts";
import {
  areDistinctHeaders,
  callPath,
  EACH_HEADER_ONCE,
  identityHeader,
  requestHeader,
  requestHeaders,
  secretReference,
  textOrSecret,
  unkeyedHeaders,
  upstreamHeaders,
  visibleText,
} from "./values.ts";

/** Settings of the built-in filter only: authorization server, credentials and cache. */

const { maxTextLength, maxFilterHeaders, pageBytes } = CONFIG_LIMITS;

const clusterName = text("the name of one of the service's clusters", (value) => value !== "", maxTextLength);

const clientAuthentication = discriminated<ClientAuthentication>("type", {
  basic: fields({ type: v.literal("basic"), id: textOrSecret, secret: secretReference }),
  post: fields({ type: v.literal("post"), id: textOrSecret, secret: secretReference }),
  bearer: fields({ type: v.literal("bearer"), token: secretReference }),
  none: fields({ type: v.literal("none") }),
});

/** Fixed headers of a call. Refuses a credential in plain text. */
const fixedHeaders: v.GenericSchema<unknown, Record<string, string | Secret>> = v.pipe(
  // Checked first: of two names that differ in case, the record would keep only the last.
  v.unknown(),
  v.check((value) => !isPlainObject(value) || areDistinctHeaders(Object.keys(value)), EACH_HEADER_ONCE),
  named(requestHeader, textOrSecret, "an object from header names to texts", maxFilterHeaders),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    for (const [name, value] of Object.entries(dataset.value)) {
      if (typeof value !== "string" || !["authorization", "cookie"].includes(name)) continue;
      addIssue({
        path: [{ type: "unknown", origin: "value", input: dataset.value, key: name, value }],
        input: value,
        message: 'secret("NAME") for a header that carries a credential; the secret is the whole value, "Bearer …"',
      });
    }
  }),
);

const askedAboutRequest = {
  cluster: clusterName,
  uri: v.optional(
    v.picklist(["path-and-query", "path", "none", "rule"], 'one of "path-and-query", "path", "none" and "rule"'),
    "path-and-query",
  ),
  requestHeaders: v.optional(requestHeaders, []),
  unkeyedHeaders: v.optional(unkeyedHeaders, []),
  upstreamHeaders: v.optional(upstreamHeaders, []),
  enforcesScopes: v.optional(v.boolean("true or false"), false),
};

const forwardAuth: v.GenericSchema<unknown, ForwardAuth> = fields({
  protocol: v.literal("forward-auth"),
  path: callPath,
  method: v.optional(v.picklist(["GET", "HEAD", "POST"], 'one of "GET", "HEAD" and "POST"'), "GET"),
  headers: v.optional(fixedHeaders, {}),
  ...askedAboutRequest,
});

const expectedText = visibleText("a text");
const expectedTexts = list(expectedText, "a list of texts", { min: 1, max: CONFIG_LIMITS.maxListLength });

/** One text or a list of them. */
const oneOrMore = v.pipe(
  v.lazy(
    (input: unknown): v.GenericSchema<unknown, string | string[]> =>
      Array.isArray(input) ? expectedTexts : expectedText,
  ),
  v.transform((value) => (typeof value === "string" ? [value] : value)),
);

/** What a reply about an active token must say, as the claims that are compared. */
const expectations: v.GenericSchema<unknown, readonly Expectation[]> = v.pipe(
  fields({
    audience: v.optional(oneOrMore),
    issuer: v.optional(expectedText),
    tokenType: v.optional(expectedText),
    clientIds: v.optional(expectedTexts),
  }),
  v.transform(({ audience, issuer, tokenType, clientIds }) => [
    ...(audience === undefined ? [] : [{ claim: "aud", anyOf: audience }]),
    ...(issuer === undefined ? [] : [{ claim: "iss", anyOf: [issuer] }]),
    ...(tokenType === undefined ? [] : [{ claim: "token_type", anyOf: [tokenType.toLowerCase()] }]),
    ...(clientIds === undefined ? [] : [{ claim: "client_id", anyOf: clientIds }]),
  ]),
);

const introspection: v.GenericSchema<unknown, Introspection> = fields({
  protocol: v.literal("introspection"),
  cluster: clusterName,
  path: callPath,
  clientAuthentication,
  expect: v.optional(expectations, {}),
  headers: v.optional(fixedHeaders, {}),
  upstreamClaims: v.optional(
    v.pipe(
      named(
        visibleText("the name of a claim"),
        identityHeader,
        "an object from claims to header names",
        maxFilterHeaders,
      ),
      v.check((claims) => areDistinctHeaders(Object.values(claims)), EACH_HEADER_ONCE),
    ),
    {},
  ),
});

const subject: v.GenericSchema<unknown, SubjectSource> = fields({
  cluster: clusterName,
  path: callPath,
  clientAuthentication,
  expect: v.optional(expectations, {}),
  headers: v.optional(fixedHeaders, {}),
});

const decisionPoint = {
  ...askedAboutRequest,
  headers: v.optional(fixedHeaders, {}),
  subject: v.optional(subject),
};

const authZen: v.GenericSchema<unknown, DecisionPoint> = fields({
  protocol: v.literal("authzen"),
  path: v.optional(callPath, "/access/v1/evaluation"),
  ...decisionPoint,
});

const opa: v.GenericSchema<unknown, DecisionPoint> = fields({
  protocol: v.literal("opa"),
  path: callPath,
  ...decisionPoint,
});

export const authorization = discriminated<Authorization>("protocol", {
  "forward-auth": forwardAuth,
  introspection,
  authzen: authZen,
  opa,
});

const scheme = v.pipe(
  v.picklist(["Bearer", "Basic", "bearer", "basic"], 'one of "Bearer" and "Basic"'),
  v.transform((value): "bearer" | "basic" => (value === "Bearer" || value === "bearer" ? "bearer" : "basic")),
);

const credential = discriminated<Credential>("from", {
  authorization: fields({
    from: v.literal("authorization"),
    schemes: list(scheme, 'a list of "Bearer" and "Basic"', { min: 1, max: 2 }),
  }),
  header: fields({ from: v.literal("header"), name: credentialHeader() }),
  cookie: fields({
    from: v.literal("cookie"),
    name: text("the name of a cookie", (value) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(value), maxTextLength),
  }),
});

function credentialHeader() {
  return v.pipe(
    requestHeader,
    v.check(
      (value) => !isForwardedHeader(value),
      "a header that clients send; the gateway itself sets this one on every request",
    ),
    v.check(
      (value) => value !== "authorization" && value !== "cookie",
      'another header; for this one use from: "authorization" or from: "cookie", which parse it',
    ),
  );
}

export const credentials = list(credential, "a list of places where the credential may be", { min: 1, max: 8 });

const maxBytesAllowed = `a multiple of ${pageBytes} (pages) from ${CONFIG_LIMITS.minCacheBytes} to ${CONFIG_LIMITS.maxCacheBytes} (bytes)`;

export const cache: v.GenericSchema<unknown, Cache> = fields({
  maxTtlMs: v.optional(wholeNumber(1, CONFIG_LIMITS.maxTtlMs, "milliseconds"), 600_000),
  denyTtlMs: v.optional(wholeNumber(0, CONFIG_LIMITS.maxTtlMs, "milliseconds, 0 keeps none"), 10_000),
  staleIfErrorMs: v.optional(wholeNumber(0, CONFIG_LIMITS.maxStaleIfErrorMs, "milliseconds, 0 is never"), 0),
  obeyCacheControl: v.optional(v.boolean("true or false"), true),
  maxBytes: v.optional(
    v.pipe(
      v.number(maxBytesAllowed),
      v.check(
        (value) =>
          value % pageBytes === 0 && value >= CONFIG_LIMITS.minCacheBytes && value <= CONFIG_LIMITS.maxCacheBytes,
        maxBytesAllowed,
      ),
    ),
    32 * 1024 * 1024,
  ),
  persist: v.optional(v.boolean("true or false"), false),
  edgeTtlMs: v.optional(wholeNumber(0, CONFIG_LIMITS.maxEdgeTtlMs, "milliseconds, 0 keeps none"), 0),
});

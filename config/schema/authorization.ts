import * as v from "valibot";
import { AUTHZEN_METADATA_PATH } from "../authorization-parts.ts";
import { CONFIG_LIMITS } from "../configuration-limits.ts";
import type {
  ApiKeyAuthorization,
  Authorization,
  Cache,
  ClientAuthentication,
  DecisionPoint,
  Expectation,
  ForwardAuth,
  Introspection,
  JwtAuthorization,
  SubjectSource,
} from "../gateway.ts";
import type { Secret } from "../input.ts";
import { aList, anObject, chosen, discriminated, theText } from "./chosen.ts";
import { upstreamClaims } from "./claims.ts";
import { fields, isPlainObject, list, named, wholeNumber } from "./fields.ts";
import { ASYMMETRIC_ALGORITHMS, issuers, signedReplies, verification } from "./issuers.ts";
import {
  areDistinctHeaders,
  callPath,
  clientHeaders,
  clusterName,
  EACH_HEADER_ONCE,
  oneOrMore,
  requestHeader,
  requestHeaders,
  secretReference,
  textOrSecret,
  texts,
  unkeyedHeaders,
  upstreamHeaders,
  visibleText,
} from "./values.ts";

/** Who decides, and how long decisions are kept. */

const { maxFilterHeaders, pageBytes } = CONFIG_LIMITS;

const clientAuthentication = discriminated<ClientAuthentication>("type", {
  basic: fields({ type: v.literal("basic"), id: textOrSecret, secret: secretReference }),
  post: fields({ type: v.literal("post"), id: textOrSecret, secret: secretReference }),
  bearer: fields({ type: v.literal("bearer"), token: secretReference }),
  "private-key-jwt": fields({
    type: v.literal("private-key-jwt"),
    id: textOrSecret,
    key: secretReference,
    algorithm: v.picklist(
      ASYMMETRIC_ALGORITHMS,
      `one of ${ASYMMETRIC_ALGORITHMS.map((name) => `"${name}"`).join(", ")}`,
    ),
    audience: visibleText("whom the signature is for: the server's issuer, or the URL of its token endpoint"),
  }),
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
  requestBody: v.optional(fields({ maxBytes: wholeNumber(1, CONFIG_LIMITS.maxSentBodyBytes, "bytes") })),
  verify: v.optional(verification),
};

const forwardAuth: v.GenericSchema<unknown, ForwardAuth> = fields({
  protocol: v.literal("forward-auth"),
  path: callPath,
  method: v.optional(v.picklist(["GET", "HEAD", "POST"], 'one of "GET", "HEAD" and "POST"'), "GET"),
  headers: v.optional(fixedHeaders, {}),
  withoutCredential: v.optional(v.picklist(["refuse", "ask"], '"refuse" or "ask"'), "refuse"),
  clientHeaders: v.optional(clientHeaders, []),
  ...askedAboutRequest,
});

/** What a reply about an active token must say, as the claims that are compared. */
const expectations: v.GenericSchema<unknown, readonly Expectation[]> = v.pipe(
  fields({
    audience: v.optional(oneOrMore),
    issuer: v.optional(visibleText("a text")),
    tokenType: v.optional(visibleText("a text")),
    clientIds: v.optional(texts),
  }),
  v.transform(({ audience, issuer, tokenType, clientIds }) => [
    ...(audience === undefined ? [] : [{ claim: "aud", anyOf: audience }]),
    ...(issuer === undefined ? [] : [{ claim: "iss", anyOf: [issuer] }]),
    ...(tokenType === undefined ? [] : [{ claim: "token_type", anyOf: [tokenType.toLowerCase()] }]),
    ...(clientIds === undefined ? [] : [{ claim: "client_id", anyOf: clientIds }]),
  ]),
);

const keySecrets = list(secretReference, "a list of secrets", { min: 1, max: CONFIG_LIMITS.maxKeySecrets });

const introspection: v.GenericSchema<unknown, Introspection> = fields({
  protocol: v.literal("introspection"),
  cluster: clusterName,
  path: callPath,
  clientAuthentication,
  signedReplies: v.optional(signedReplies),
  expect: v.optional(expectations, {}),
  headers: v.optional(fixedHeaders, {}),
  upstreamClaims: v.optional(upstreamClaims, {}),
  verify: v.optional(verification),
});

const jwt: v.GenericSchema<unknown, JwtAuthorization> = fields({
  protocol: v.literal("jwt"),
  issuers,
  upstreamClaims: v.optional(upstreamClaims, {}),
});

const apiKeys: v.GenericSchema<unknown, ApiKeyAuthorization> = fields({
  protocol: v.literal("api-keys"),
  keys: v.pipe(
    chosen<Secret | Secret[]>(
      'secret("NAME") with the keys\' lines, or a list of secrets',
      [[aList, keySecrets]],
      secretReference,
    ),
    v.transform((value) => (Array.isArray(value) ? value : [value])),
  ),
  upstreamClaims: v.optional(
    v.pipe(
      upstreamClaims,
      v.check(
        (claims) => claims.every(({ path }) => path.length === 1 && ["sub", "scope"].includes(path[0]!)),
        'only "sub", the name of the key, and "scope"',
      ),
    ),
    {},
  ),
});

const subject: v.GenericSchema<unknown, SubjectSource> = fields({
  cluster: clusterName,
  path: callPath,
  clientAuthentication,
  signedReplies: v.optional(signedReplies),
  expect: v.optional(expectations, {}),
  headers: v.optional(fixedHeaders, {}),
});

const SUBJECT_ALLOWED = 'an object, or "verified": the sub of the verified token';

const decisionPoint = {
  ...askedAboutRequest,
  headers: v.optional(fixedHeaders, {}),
  subject: v.optional(
    chosen<SubjectSource | "verified">(SUBJECT_ALLOWED, [[anObject, subject]], v.literal("verified", SUBJECT_ALLOWED)),
  ),
};

const DISCOVER = "discover";
const AUTHZEN_PATH = `a path, or "${DISCOVER}" to find it in the decision point's metadata`;

/** An endpoint to be discovered is called by the path of the metadata that name it. */
const authZenPath = chosen<string>(
  AUTHZEN_PATH,
  [
    [
      theText(DISCOVER),
      v.pipe(
        v.literal(DISCOVER),
        v.transform(() => AUTHZEN_METADATA_PATH),
      ),
    ],
  ],
  callPath,
);

const authZen: v.GenericSchema<unknown, DecisionPoint> = fields({
  protocol: v.literal("authzen"),
  path: v.optional(authZenPath, "/access/v1/evaluation"),
  subjectType: v.optional(visibleText('a type of subjects, like "identity"')),
  resource: v.optional(v.picklist(["uri", "route"], 'one of "uri" and "route"'), "uri"),
  action: v.optional(v.picklist(["permission", "method"], 'one of "permission" and "method"'), "permission"),
  ...decisionPoint,
});

const opa: v.GenericSchema<unknown, DecisionPoint> = fields({
  protocol: v.literal("opa"),
  path: callPath,
  clientHeaders: v.optional(clientHeaders, []),
  ...decisionPoint,
});

export const authorization = discriminated<Authorization>("protocol", {
  "forward-auth": forwardAuth,
  introspection,
  authzen: authZen,
  opa,
  jwt,
  "api-keys": apiKeys,
});

const maxBytesAllowed = `a multiple of ${pageBytes} (pages) from ${CONFIG_LIMITS.minCacheBytes} to ${CONFIG_LIMITS.maxCacheBytes} (bytes)`;

export const cache: v.GenericSchema<unknown, Cache> = fields({
  maxTtlMs: v.optional(wholeNumber(1, CONFIG_LIMITS.maxTtlMs, "milliseconds"), 600_000),
  denyTtlMs: v.optional(wholeNumber(0, CONFIG_LIMITS.maxTtlMs, "milliseconds, 0 keeps none"), 10_000),
  staleIfErrorMs: v.optional(wholeNumber(0, CONFIG_LIMITS.maxStaleIfErrorMs, "milliseconds, 0 is never"), 0),
  obeyCacheControl: v.optional(v.boolean("true or false"), true),
  maxBytes: v.optional(
    v.pipe(
      v.number(maxBytesAllowed),
      v.multipleOf(pageBytes, maxBytesAllowed),
      v.minValue(CONFIG_LIMITS.minCacheBytes, maxBytesAllowed),
      v.maxValue(CONFIG_LIMITS.maxCacheBytes, maxBytesAllowed),
      v.metadata({ "x-unit": "bytes" }),
    ),
    32 * 1024 * 1024,
  ),
  persist: v.optional(v.boolean("true or false"), false),
  edgeTtlMs: v.optional(wholeNumber(0, CONFIG_LIMITS.maxEdgeTtlMs, "milliseconds, 0 keeps none"), 0),
});

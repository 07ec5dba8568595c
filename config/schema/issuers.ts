import * as v from "valibot";
import { CONFIG_LIMITS } from "../configuration-limits.ts";
import type { Issuer, IssuerKeys, SignedReplies, Verification } from "../gateway.ts";
import { aList, aText, chosen, theText, withField } from "./chosen.ts";
import { fields, list, refused, wholeNumber } from "./fields.ts";
import { isIssuerUrl } from "./url.ts";
import { callPath, clusterName, oneOrMore, secretReference, texts, visibleText } from "./values.ts";

/** Signatures that a public key verifies, as `jose` and the platform know them. */
export const ASYMMETRIC_ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
] as const;

/** Signatures by a secret that issuer and gateway share. */
const SYMMETRIC_ALGORITHMS = ["HS256", "HS384", "HS512"] as const;

const AUDIENCE = 'the audience of this service, one or a list; or "any", which accepts tokens for other services too';

/** In a list it would be the name of an audience, and refuse every token that was meant to be accepted. */
const audiences = v.pipe(
  oneOrMore,
  v.check((names) => !names.includes("any"), 'audiences without "any", which stands alone: audience: "any"'),
);

/** Left out by mistake, it would let in the tokens of every other service. */
const audience = chosen<readonly string[] | "any">(AUDIENCE, [
  [theText("any"), v.literal("any")],
  [aText, audiences],
  [aList, audiences],
]);

const common = {
  issuer: visibleText('the text of the tokens\' iss, like "https://login.example.com/"'),
  audience,
  typ: v.optional(visibleText('the typ of the tokens\' header, like "at+jwt"')),
  clientIds: v.optional(texts),
  staleKeysMs: v.optional(
    wholeNumber(0, CONFIG_LIMITS.maxStaleKeysMs, "milliseconds, 0 keeps none"),
    CONFIG_LIMITS.defaultStaleKeysMs,
  ),
};

/** A key set: of a cluster, or found by discovery. */
const keySet = {
  jwks: v.optional(fields({ cluster: clusterName, path: callPath })),
  algorithms: v.optional(algorithms(ASYMMETRIC_ALGORITHMS), [...ASYMMETRIC_ALGORITHMS]),
};

interface WithKeySet {
  readonly issuer: string;
  readonly jwks?: { readonly cluster: string; readonly path: string } | undefined;
}

/** Without a place of the keys, the issuer must be an address below which they can be found. */
function discoverable<Value extends WithKeySet>() {
  return v.rawCheck<Value>(({ dataset, addIssue }) => {
    if (!dataset.typed || dataset.issues !== undefined || dataset.value.jwks !== undefined) return;
    const { value } = dataset;
    const allowed = whyNotDiscovered(value.issuer);
    if (allowed === undefined) return;
    const path: [v.IssuePathItem] = [
      { type: "unknown", origin: "value", input: value, key: "issuer", value: value.issuer },
    ];
    addIssue({ path, input: value.issuer, message: allowed });
  });
}

function keysOf(jwks: WithKeySet["jwks"]): IssuerKeys {
  return jwks === undefined ? { from: "discovery" } : { from: "cluster", ...jwks };
}

const issuerWithKeySet = fields({ ...common, ...keySet, sharedSecret: refused("either jwks or sharedSecret") });

const byKeySet: v.GenericSchema<unknown, Issuer> = v.pipe(
  issuerWithKeySet,
  discoverable<v.InferOutput<typeof issuerWithKeySet>>(),
  v.transform(({ jwks, sharedSecret: _, ...issuer }) => ({ ...issuer, keys: keysOf(jwks) })),
);

const signedBy = fields({
  issuer: visibleText('the text of the replies\' iss, like "https://login.example.com"'),
  audience: v.optional(visibleText("the text of the replies' aud")),
  staleKeysMs: common.staleKeysMs,
  ...keySet,
});

export const signedReplies: v.GenericSchema<unknown, SignedReplies> = v.pipe(
  signedBy,
  discoverable<v.InferOutput<typeof signedBy>>(),
  v.transform(({ jwks, ...replies }) => ({ ...replies, keys: keysOf(jwks) })),
);

/** An issuer without public keys. */
const bySharedSecret: v.GenericSchema<unknown, Issuer> = v.pipe(
  fields({
    ...common,
    jwks: refused("either jwks or sharedSecret, not both"),
    algorithms: v.optional(algorithms(SYMMETRIC_ALGORITHMS), ["HS256"]),
    sharedSecret: secretReference,
  }),
  v.transform(({ sharedSecret, jwks: _, ...issuer }) => ({
    ...issuer,
    keys: { from: "secret", secret: sharedSecret } as const,
  })),
);

function algorithms(known: readonly string[]) {
  return list(
    v.picklist(known, `one of ${known.map((name) => `"${name}"`).join(", ")}`),
    `a list of signature algorithms: ${known.join(", ")}`,
    { min: 1, max: known.length },
  );
}

/** The documents of discovery lie below the issuer's address (OpenID Connect Discovery 4, RFC 8414 3). */
function whyNotDiscovered(issuer: string): string | undefined {
  if (isIssuerUrl(issuer)) return undefined;
  return "an http(s) URL without query, from which the keys are discovered; or name them: jwks: { cluster, path }";
}

const issuer = chosen<Issuer>(
  "an object with issuer and audience",
  [[withField("sharedSecret"), bySharedSecret]],
  byKeySet,
);

export const issuers: v.GenericSchema<unknown, Issuer[]> = v.pipe(
  list(issuer, "a list of issuers", { min: 1, max: CONFIG_LIMITS.maxIssuers }),
  v.check((all) => new Set(all.map(({ issuer: name }) => name)).size === all.length, "each issuer once"),
);

export const verification: v.GenericSchema<unknown, Verification> = fields({ issuers });

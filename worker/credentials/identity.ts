import { claimAt } from "../../config/claim-conditions.ts";
import { textOfClaim } from "../../config/claim-text.ts";
import type { Rule, UpstreamClaim } from "../../config/index.ts";
import type { HeaderChange } from "../../wasm/host/index.ts";
import { changeBytes } from "../kept/change-bytes.ts";
import type { Undecided } from "./undecided.ts";

/** Claims as parsed JSON. */
export type Claims = Readonly<Record<string, unknown>>;

/** Who a verified credential says that the client is, as far as this service needs it. */
export interface Identity {
  /** Those that some rule asks for. */
  readonly scopes: readonly string[];
  /** Those that some rule has conditions on, and where they are. */
  readonly claims: Claims;
  /** The headers that tell the upstream. */
  readonly changes: readonly HeaderChange[];
  readonly subject: string | undefined;
  readonly issuer: string | undefined;
  /** About the memory that it takes. */
  readonly bytes: number;
}

/** Takes what a service needs from claims, or says why they cannot be used. */
export type Identify = (claims: Claims) => Identity | Undecided;

export function isIdentity(identity: Identity | Undecided): identity is Identity {
  return !("kind" in identity);
}

export function identifier(rules: readonly Rule[], upstreamClaims: readonly UpstreamClaim[]): Identify {
  const required = rules.flatMap(({ access }) => (access.kind === "public" ? [] : [access]));
  const scopesAsked = new Set(required.flatMap(({ scopes }) => [...scopes.allOf, ...scopes.anyOf]));
  const claimsAsked = new Set(required.flatMap((access) => access.claims.map(({ path }) => path[0]!)));
  return (claims) => {
    const changes = upstreamChanges(claims, upstreamClaims);
    if (changes === undefined) {
      return {
        kind: "undecided",
        reason: "claim_unusable",
        message: "no header can carry a claim of the token unchanged",
      };
    }
    const scopes = scopesIn(claims).filter((scope) => scopesAsked.has(scope));
    const kept = Object.fromEntries(Object.entries(claims).filter(([name]) => claimsAsked.has(name)));
    const { sub, iss } = claims;
    const bytes = changeBytes(changes) + 2 * (JSON.stringify(kept).length + scopes.join().length) + CLAIMS_BYTES;
    return { scopes, claims: kept, changes, subject: textOrNone(sub), issuer: textOrNone(iss), bytes };
  };
}

/** Of the objects that hold claims and scopes. */
const CLAIMS_BYTES = 400;

function textOrNone(claim: unknown): string | undefined {
  return typeof claim === "string" ? claim : undefined;
}

/** RFC 8693 4.2 names the claim `scope`, some issuers `scp`; a text with blanks, or a list. */
function scopesIn(claims: Claims): string[] {
  const granted = claims.scope ?? claims.scp;
  if (typeof granted === "string") return granted.split(" ").filter((scope) => scope !== "");
  return Array.isArray(granted) ? granted.filter((scope) => typeof scope === "string") : [];
}

/** Undefined if no header can carry a claim unchanged. */
function upstreamChanges(claims: Claims, wanted: readonly UpstreamClaim[]): HeaderChange[] | undefined {
  const changes: HeaderChange[] = [];
  for (const { path, header } of wanted) {
    const claim = textOfClaim(spaced(path, claimAt(claims, path)));
    if (claim.kind === "unusable") return undefined;
    if (claim.kind === "text") changes.push({ name: header, values: [claim.text] });
  }
  return changes;
}

/** Scopes are a list in some tokens; upstreams expect the text of RFC 8693, as from an introspection. */
function spaced(path: readonly string[], claim: unknown): unknown {
  const isScopes = path.length === 1 && (path[0] === "scope" || path[0] === "scp");
  return isScopes && Array.isArray(claim) && claim.every((item) => typeof item === "string") ? claim.join(" ") : claim;
}

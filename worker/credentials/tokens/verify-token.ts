import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from "jose";
import type { Issuer } from "../../../config/index.ts";
import type { FindKey } from "../../../durable/documents/key-set.ts";
import { verifyByKeySet } from "../../../durable/documents/verify-by-key-set.ts";
import type { Invalid, InvalidReason } from "../verdict.ts";

/** Clocks of issuers and of this machine may differ by this. */
export const CLOCK_TOLERANCE_S = 30;

/** The three parts of a signed token (RFC 7515 7.1). */
const SIGNED_TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** A token as it can be read without its signature: nothing of it is proved. */
export interface UnverifiedToken {
  readonly text: string;
  readonly issuer: Issuer;
}

/** Finds the issuer that the token names, and refuses what no signature could make valid. */
export function readToken(text: string, issuers: readonly Issuer[], nowMs: number): UnverifiedToken | Invalid {
  if (!SIGNED_TOKEN.test(text)) return invalid("malformed_credential");
  try {
    const { alg } = decodeProtectedHeader(text);
    const { iss, exp } = decodeJwt(text);
    const issuer = issuers.find((candidate) => candidate.issuer === iss);
    if (issuer === undefined) return invalid("token_unexpected");
    if (alg === undefined || !issuer.algorithms.includes(alg)) return invalid("token_invalid");
    if (typeof exp !== "number") return invalid("token_invalid");
    return exp + CLOCK_TOLERANCE_S <= nowMs / 1_000 ? invalid("token_expired") : { text, issuer };
  } catch {
    return invalid("malformed_credential");
  }
}

export type TokenResult =
  | { readonly kind: "claims"; readonly claims: JWTPayload }
  /** None of the keys is the one that the token names. */
  | { readonly kind: "no_key" }
  | Invalid;

/** Verifies signature and claims. Never rejects. */
export async function verifyToken(
  { text, issuer }: UnverifiedToken,
  key: FindKey | Uint8Array,
  nowMs: number,
): Promise<TokenResult> {
  const options = {
    issuer: issuer.issuer,
    algorithms: [...issuer.algorithms],
    ...(issuer.audience === "any" ? {} : { audience: [...issuer.audience] }),
    ...(issuer.typ === undefined ? {} : { typ: issuer.typ }),
    requiredClaims: ["exp"],
    clockTolerance: CLOCK_TOLERANCE_S,
    currentDate: new Date(nowMs),
  };
  try {
    const { payload } = await (key instanceof Uint8Array
      ? jwtVerify(text, key, options)
      : verifyByKeySet(text, key, options));
    return isOfExpectedClient(payload, issuer) ? { kind: "claims", claims: payload } : invalid("token_unexpected");
  } catch (error) {
    return error instanceof errors.JWKSNoMatchingKey ? { kind: "no_key" } : invalid(reasonOf(error));
  }
}

/** Issuers name the client in one of three claims: RFC 9068, OpenID Connect, and version 1 of Entra's tokens. */
function isOfExpectedClient(claims: JWTPayload, { clientIds }: Issuer): boolean {
  if (clientIds === undefined) return true;
  const client = claims.client_id ?? claims.azp ?? claims.appid;
  return typeof client === "string" && clientIds.includes(client);
}

function reasonOf(error: unknown): InvalidReason {
  if (error instanceof errors.JWTExpired) return "token_expired";
  if (!(error instanceof errors.JWTClaimValidationFailed)) return "token_invalid";
  if (error.claim === "nbf" && error.reason === "check_failed") return "token_not_yet_valid";
  return ["iss", "aud", "typ"].includes(error.claim) ? "token_unexpected" : "token_invalid";
}

function invalid(reason: InvalidReason): Invalid {
  return { kind: "invalid", reason };
}

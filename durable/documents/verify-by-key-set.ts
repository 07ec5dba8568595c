import { errors, type JWTVerifyOptions, type JWTVerifyResult, jwtVerify } from "jose";
import type { FindKey } from "./key-set.ts";

/** Verifies what one of an issuer's keys has signed. Rejects as `jwtVerify` does. */
export function verifyByKeySet(text: string, keys: FindKey, options: JWTVerifyOptions): Promise<JWTVerifyResult> {
  return jwtVerify(text, keys, options).catch((error: unknown) => verifiedByOneOf(error, text, options));
}

/** A token that names no key may be signed with any of those that fit. */
async function verifiedByOneOf(error: unknown, text: string, options: JWTVerifyOptions): Promise<JWTVerifyResult> {
  if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
  for await (const key of error) {
    try {
      return await jwtVerify(text, key, options);
    } catch (failure) {
      // Claims are read only after the signature. Any other failure is that of this key, which may be one that nobody can use.
      if (failure instanceof errors.JWTClaimValidationFailed || failure instanceof errors.JWTExpired) throw failure;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

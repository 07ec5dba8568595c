import { asksWithoutCredential, verificationOf } from "./authorization-parts.ts";
import type { Finding } from "./problems.ts";
import type { ParsedService } from "./schema/service.ts";

/** A server that is asked without a credential cannot stand in for a token that the gateway verifies. */
export function checkSignIn({ authorization }: ParsedService): Finding[] {
  if (!asksWithoutCredential(authorization) || verificationOf(authorization) === undefined) return [];
  return [
    {
      path: ["authorization", "withoutCredential"],
      found: '"ask" beside verify',
      allowed: '"refuse", or no verify: a request without a token has none that could be verified',
    },
  ];
}

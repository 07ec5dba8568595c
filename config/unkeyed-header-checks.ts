import { headerOfCredential } from "./authorization-parts.ts";
import { CONFIG_LIMITS } from "./configuration-limits.ts";
import { isAskedAboutRequest, keyedHeadersOf, unkeyedHeadersOf } from "./decision-key.ts";
import { canonicalHeaderName } from "./header-names.ts";
import { describeFound, type Finding } from "./problems.ts";
import type { ParsedService } from "./schema/service.ts";

/** A header outside the key must not be one that the decision is kept for, nor one that the call has already. */
export function checkUnkeyedHeaders({ authorization, credentials = [] }: ParsedService): Finding[] {
  if (!isAskedAboutRequest(authorization)) return [];
  const { headers } = authorization;
  const keyed = keyedHeadersOf(authorization);
  const unkeyed = unkeyedHeadersOf(authorization);
  const ofCredentials = credentials.flatMap(headerOfCredential);
  const reserved: readonly (readonly [names: readonly string[], why: string])[] = [
    [ofCredentials, "because the service reads a credential from this one"],
    [keyed, "because this one is in requestHeaders, or says how to read the body, and so is part of the key"],
    [Object.keys(headers), "because the gateway sends its own value of this one (headers)"],
  ];
  const findings = unkeyed.flatMap((name, index) => {
    const canonical = canonicalHeaderName(name);
    const found = reserved.find(([names]) => names.some((other) => canonicalHeaderName(other) === canonical));
    if (found === undefined) return [];
    const path = ["authorization", "unkeyedHeaders", index];
    return [{ path, found: describeFound(name), allowed: `another header, ${found[1]}` }];
  });
  const count = keyed.length + unkeyed.length;
  if (count <= CONFIG_LIMITS.maxFilterHeaders) return findings;
  const allowed = `at most ${CONFIG_LIMITS.maxFilterHeaders}, those in requestHeaders included`;
  return [...findings, { path: ["authorization", "unkeyedHeaders"], found: `${count} headers`, allowed }];
}

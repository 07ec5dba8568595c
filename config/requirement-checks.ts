import { comparisonOf } from "./authorization-parts.ts";
import { describeFound, type Finding } from "./problems.ts";
import type { ParsedRule } from "./schema/rules.ts";
import type { ParsedService } from "./schema/service.ts";

type Requirement = "scopes" | "claims" | "permission";

/** Finds rules that require what no one would check. */
export function checkRequirements({ authorization, rules }: ParsedService): Finding[] {
  if (authorization === undefined) return [];
  const check = (field: Requirement, allowed: string, applies: (rule: ParsedRule) => boolean = () => true): Finding[] =>
    rules.flatMap((rule, index) =>
      rule[field] === undefined || !applies(rule)
        ? []
        : [{ path: ["rules", index, field], found: describeFound(rule[field]), allowed }],
    );
  const by = comparisonOf(authorization);
  const permits = "enforcesScopes" in authorization && authorization.enforcesScopes;
  const asksServer = "enforcesScopes" in authorization;
  return [
    ...(by.claims === "nobody" ? check("claims", CLAIMS_ALLOWED) : []),
    ...(by.scopes === "nobody" ? check("scopes", ENFORCED_ALLOWED) : []),
    ...(by.scopes === "server" ? check("scopes", ANY_OF_INSTEAD, asksForAnyOf) : []),
    ...(authorization.protocol === "api-keys"
      ? [...check("claims", CLAIMS_OF_KEYS, asksForOtherClaims), ...check("scopes", SCOPES_OF_KEYS, hasComma)]
      : []),
    ...(permits ? [] : check("permission", asksServer ? ENFORCED_ALLOWED : PERMISSION_INSTEAD)),
  ];
}

const CLAIMS_ALLOWED =
  'only where the gateway verifies claims: with protocol "introspection" or "jwt", or with verify: { issuers }; or ' +
  "instead a permission that this server grants by claims, with authorization.enforcesScopes: true";

/** Credentials have scopes and claims, and no permissions. */
const PERMISSION_INSTEAD =
  "scopes or claims, which the gateway compares; for permissions use forward-auth, authzen or opa";

/** Any other server only receives what a rule requires, so the configuration must state that the server enforces it. */
const ENFORCED_ALLOWED =
  'protocol "introspection" or "jwt", or verify: { issuers }, for which the gateway compares scopes; or ' +
  "authorization.enforcesScopes: true, if this server " +
  "checks the scopes and the permission of rules and refuses a token without them (docs/scopes.md)";

/**
 * Servers read the scopes that they receive as all required. A new field for alternatives would be ignored by every server
 * that does not know it yet, and such a rule would then require nothing.
 */
const ANY_OF_INSTEAD =
  "a list, of which this server requires all; for one of several use a permission that the server grants for any of them, " +
  'or protocol "introspection" or "jwt", for which the gateway compares scopes';

const CLAIMS_OF_KEYS = 'claims that an API key has: "sub", its name, and "scope", its scopes with blanks between them';

function asksForOtherClaims({ claims = {} }: ParsedRule): boolean {
  return Object.keys(claims).some((name) => name !== "sub" && name !== "scope");
}

const SCOPES_OF_KEYS = "scopes without a comma, which separates the scopes of an API key";

function hasComma({ scopes = [] }: ParsedRule): boolean {
  return ("anyOf" in scopes ? scopes.anyOf : scopes).some((scope) => scope.includes(","));
}

function asksForAnyOf({ scopes }: ParsedRule): boolean {
  return scopes !== undefined && "anyOf" in scopes;
}

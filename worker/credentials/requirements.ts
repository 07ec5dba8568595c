import type { Comparison } from "../../config/authorization-parts.ts";
import { meets } from "../../config/claim-conditions.ts";
import type { Requirements } from "../../config/index.ts";
import { hasScopes } from "../../config/required-scopes.ts";
import type { Identity } from "./identity.ts";

/** What a rule requires that a verified credential lacks, of what the Worker compares. */
export function lackOf(
  { scopes, claims }: Requirements,
  identity: Identity,
  comparison: Comparison,
): "scopes" | "claims" | undefined {
  if (comparison.scopes === "worker" && !hasScopes(identity.scopes, scopes)) return "scopes";
  const meetsAll = comparison.claims !== "worker" || claims.every((condition) => meets(identity.claims, condition));
  return meetsAll ? undefined : "claims";
}

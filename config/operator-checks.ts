import { prefixCovers } from "./path-syntax.ts";
import { describeFound, type Finding } from "./problems.ts";
import type { ParsedOperator } from "./schema/operator.ts";
import { oneOf } from "./suggest.ts";

/** Finds conflicts between the operator's settings; those with routes are in route-checks.ts. Paths start at the root. */
export function checkOperator(
  { operator, keySecret }: { readonly operator: ParsedOperator; readonly keySecret: string },
  services: readonly string[],
): Finding[] {
  return [...checkTokens(operator, keySecret, services), ...checkPages(operator)];
}

function checkTokens({ tokens, tokenSecret }: ParsedOperator, keySecret: string, services: readonly string[]) {
  return tokens.flatMap(({ secret, services: named }, index): Finding[] => {
    const path = ["operator", "tokens", index];
    const others = [tokenSecret, keySecret, ...tokens.slice(0, index).map((token) => token.secret)];
    const findings: Finding[] = [];
    if (others.includes(secret)) {
      const allowed = "a secret of its own: one that is used twice would open more than this token may";
      findings.push({ path: [...path, "secret"], found: "a name that another setting has too", allowed });
    }
    for (const [place, name] of named.entries()) {
      const found = describeFound(name);
      const at = [...path, "services", place];
      if (!services.includes(name)) findings.push({ path: at, found, allowed: oneOf(services, name) });
      else if (named.indexOf(name) < place) findings.push({ path: at, found, allowed: "each service once" });
    }
    return findings;
  });
}

function checkPages({ prefix, metricsPath, healthPath }: ParsedOperator): Finding[] {
  const findings: Finding[] = [];
  for (const [name, value] of Object.entries({ metricsPath, healthPath })) {
    if (typeof value !== "string" || !prefixCovers(prefix, value)) continue;
    const allowed = `a path outside of operator.prefix (${prefix}), whose pages are there anyway; or false`;
    findings.push({ path: ["operator", name], found: describeFound(value), allowed });
  }
  if (typeof healthPath === "string" && healthPath === (metricsPath ?? "/metrics")) {
    const allowed = "another path than operator.metricsPath";
    findings.push({ path: ["operator", "healthPath"], found: describeFound(healthPath), allowed });
  } else if (metricsPath === "/healthz" && healthPath === undefined) {
    const allowed = "another path than operator.healthPath, which is /healthz by default";
    findings.push({ path: ["operator", "metricsPath"], found: describeFound(metricsPath), allowed });
  }
  return findings;
}

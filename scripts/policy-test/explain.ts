import {
  AUTHENTICATE_RULE,
  belongsToNeighbour,
  findService,
  type Gateway,
  matchRule,
  type Rule,
  type Service,
} from "../../config/index.ts";
import { findDescribed } from "../../config/resource-metadata.ts";
import { readTarget, type Target } from "../../worker/request-target.ts";
import type { RequestLine } from "./test-line.ts";

/** What the configuration says about a request before any server is asked. */
export interface Explanation {
  /** Undefined if the path has more than one reading; the gateway refuses it. */
  readonly target: Target | undefined;
  /** Also that whose metadata have the path. */
  readonly service: Service | undefined;
  /** Position in the service's rules; undefined if none decides. */
  readonly ruleIndex: number | undefined;
  readonly need: "public" | "authorize" | "deny" | "ambiguous" | undefined;
  readonly text: string;
}

/** Finds service and rule as the gateway does. */
export function explain(gateway: Gateway, { method, target: sent }: RequestLine, host: string): Explanation {
  const target = readTarget(`https://${host}${sent}`);
  if (!target.ok) {
    const { asked } = target;
    const service = asked && findService(gateway, asked.host, asked.path);
    return { target: undefined, service, ruleIndex: undefined, need: undefined, text: `none: ${target.reason}` };
  }
  const described = findDescribed(gateway, target.host, target.path);
  if (described !== undefined) {
    const text = `none: the gateway publishes services.${described.name}.resource here, without a decision`;
    return { target, service: described, ruleIndex: undefined, need: undefined, text };
  }
  const service = findService(gateway, target.host, target.path);
  if (service === undefined) {
    return { target, service, ruleIndex: undefined, need: undefined, text: "none: no service has this host and path" };
  }
  if (belongsToNeighbour(gateway, service, target.host, method, target.path)) {
    const text = "none: the upstream may read the path as one of another service";
    return { target, service, ruleIndex: undefined, need: "ambiguous", text };
  }
  const { kind: need, index } = decidingRule(service, method, target.path);
  const ruleIndex = index < 0 ? undefined : index;
  return { target, service, ruleIndex, need, text: ruleText(service, need, ruleIndex) };
}

function decidingRule(service: Service, method: string, path: string) {
  const { rules, paths } = service;
  const match = matchRule(service, method, path);
  const { kind } = match;
  if (kind === "deny" || kind === "ambiguous") return { kind, index: -1 };
  if (kind === "authorize" && match.ruleName !== AUTHENTICATE_RULE) {
    return { kind, index: rules.findIndex(({ name }) => name === match.ruleName) };
  }
  // These rules have no names of their own. Alone, only one that covers the request lets it pass `deny`.
  const covers = (rule: Rule) => matchRule({ rules: [rule], unmatched: "deny", paths }, method, path).kind === kind;
  const index = rules.findIndex((rule) => covers(rule) && (kind === "public" || rule.name === AUTHENTICATE_RULE));
  return { kind, index };
}

function ruleText(service: Service, need: Explanation["need"], index: number | undefined): string {
  if (index !== undefined) return `rules[${index}] ${ruleDescription(service.rules[index]!)}`;
  if (need === "public") return "public for every reading of the path";
  if (need === "ambiguous") return "several, of which none requires everything that the others do";
  return need === "deny" ? 'none matches, and unmatched is "deny"' : 'none matches, and unmatched is "authenticate"';
}

/** `GET, PUT /orders/:id (scopes orders:write)` */
export function ruleDescription({ path, methods, access }: Rule): string {
  const pattern = methods === undefined ? path : `${methods.join(", ")} ${path}`;
  if (access.kind === "public") return `${pattern} (public)`;
  const { scopes, claims, permission } = access;
  const needs = [
    ...(scopes.allOf.length === 0 ? [] : [`scopes ${scopes.allOf.join(" ")}`]),
    ...(scopes.anyOf.length === 0 ? [] : [`one of the scopes ${scopes.anyOf.join(" ")}`]),
    ...claims.map(({ path: names, test }) => {
      const wanted = "includes" in test ? `includes ${JSON.stringify(test.includes)}` : JSON.stringify(test.oneOf);
      return `claim ${names.join(".")} ${wanted}`;
    }),
    ...(permission === undefined ? [] : [`permission ${permission}`]),
  ];
  return needs.length === 0 ? pattern : `${pattern} (${needs.join(", ")})`;
}

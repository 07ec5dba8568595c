import * as v from "valibot";
import { CONFIG_LIMITS } from "../configuration-limits.ts";
import type { RequiredScopes, Rule, RuleAccess } from "../gateway.ts";
import type { ClaimConditionInput, ScopesInput } from "../input.ts";
import { AUTHENTICATE_RULE } from "../match-rule.ts";
import { parseRoutePattern } from "../route-pattern.ts";
import { aList, anObject, chosen, withOneOf } from "./chosen.ts";
import { claimConditions, resolveConditions } from "./claims.ts";
import { fields, list, refused, text } from "./fields.ts";
import { methodName, visibleText } from "./values.ts";

/** A rule without its name. */
export interface ParsedRule {
  readonly path: string;
  readonly methods?: readonly string[] | undefined;
  readonly public?: true | undefined;
  readonly scopes?: ScopesInput | undefined;
  readonly claims?: Readonly<Record<string, ClaimConditionInput>> | undefined;
  readonly permission?: string | undefined;
}

const pattern = {
  path: v.pipe(
    v.string('a path like "/orders/:id" or "/orders/*"'),
    v.maxLength(CONFIG_LIMITS.maxTextLength, `a path of at most ${CONFIG_LIMITS.maxTextLength} characters`),
    v.check(
      (value) => parseRoutePattern(value).ok,
      (issue) => {
        const parsed = parseRoutePattern(issue.input);
        return parsed.ok ? "" : parsed.allowed;
      },
    ),
  ),
  methods: v.optional(list(methodName, 'a list of methods, like ["GET"]', { min: 1, max: 20 })),
};

/** `scope-token` of RFC 6749, section 3.3: no space, quote or backslash, because scopes are sent in one quoted text. */
const scope = text(
  "a scope of visible ASCII characters without quote and backslash",
  /^[\x21\x23-\x5b\x5d-\x7e]+$/,
  200,
);

const { maxScopes, maxScopesLength } = CONFIG_LIMITS;

export const scopes = v.pipe(
  list(scope, "a list of scopes", { min: 1, max: maxScopes }),
  v.check(
    (names) => names.join(" ").length <= maxScopesLength,
    `a list of scopes, at most ${maxScopesLength} characters together`,
  ),
);

/** All of a list, or any one of it. */
const requiredScopes = chosen<ScopesInput>(
  'a list of scopes, all of which are required, or { anyOf: ["a", "b"] } for one of several',
  [
    [anObject, fields({ anyOf: scopes })],
    [aList, scopes],
  ],
);

const restrictedRule: v.GenericSchema<unknown, ParsedRule> = fields({
  ...pattern,
  public: refused("public: true, or leave it out; true excludes scopes, claims and permission"),
  scopes: v.optional(requiredScopes),
  claims: v.optional(claimConditions),
  permission: v.optional(visibleText("the name of a permission")),
});

const publicRule: v.GenericSchema<unknown, ParsedRule> = fields({
  ...pattern,
  public: v.literal(true, "true, or leave it out"),
  scopes: refused("no scopes in a public rule: no credential is checked"),
  claims: refused("no claims in a public rule: no credential is checked"),
  permission: refused("no permission in a public rule: no credential is checked"),
});

const OTHER_FILTERS =
  "only in a service with the built-in filter; this filter reads paths and methods itself, as set in its configuration";

const otherFilterRule: v.GenericSchema<unknown, ParsedRule> = fields({
  ...pattern,
  public: v.optional(v.literal(true, "true, or leave it out")),
  scopes: refused(OTHER_FILTERS),
  claims: refused(OTHER_FILTERS),
  permission: refused(OTHER_FILTERS),
});

const anyRule = chosen<ParsedRule>("a rule", [[withOneOf(["public"], [true]), publicRule]], restrictedRule);

const bounds = { min: 0, max: CONFIG_LIMITS.maxListLength };
export const rules = list(anyRule, "a list of rules", bounds);
export const otherFilterRules = list(otherFilterRule, "a list of rules", bounds);

/**
 * The rule as the gateway uses it. Its name has its index, which only changes with the configuration. See `Rule.name`.
 * @param form how the authorization server is told the pattern; undefined if it is not
 */
export function resolveRule(rule: ParsedRule, index: number, form?: PatternForm): Rule {
  const parsed = parseRoutePattern(rule.path);
  if (!parsed.ok) throw new Error(`the schema let through the rule path ${JSON.stringify(rule.path)}`);
  const access = accessOf(rule);
  return {
    name: asksForMore(access) || form !== undefined ? `rule-${index}` : AUTHENTICATE_RULE,
    path: rule.path,
    pattern: parsed.pattern,
    methods: rule.methods,
    access,
    ...(form !== undefined && access.kind === "authorize" ? { sentUri: writtenPattern(rule.path, form) } : {}),
  };
}

/** `/todos/:id`, or `/todos/{id}` as OpenAPI and AuthZEN's gateways write it. */
export type PatternForm = "colons" | "braces";

function writtenPattern(path: string, form: PatternForm): string {
  const segments = path.split("/").map((segment) => {
    const encoded = encodeURI(segment);
    return form === "braces" && segment.startsWith(":") ? `{${encoded.slice(1)}}` : encoded;
  });
  return segments.join("/");
}

/** Decisions are cached by the rule's name, so only rules that ask for nothing more may share one. */
function asksForMore(access: RuleAccess): boolean {
  if (access.kind === "public") return true;
  const { scopes, claims, permission } = access;
  return scopes.allOf.length + scopes.anyOf.length + claims.length > 0 || permission !== undefined;
}

function accessOf({ public: isPublic, scopes = [], claims = {}, permission }: ParsedRule): RuleAccess {
  if (isPublic === true) return { kind: "public" };
  const access = { kind: "authorize", scopes: requiredOf(scopes), claims: resolveConditions(claims) } as const;
  return permission === undefined ? access : { ...access, permission };
}

function requiredOf(scopes: ScopesInput): RequiredScopes {
  return "anyOf" in scopes
    ? { allOf: [], anyOf: [...new Set(scopes.anyOf)] }
    : { allOf: [...new Set(scopes)], anyOf: [] };
}

import * as v from "valibot";
import { CONFIG_LIMITS } from "../configuration-limits.ts";
import type { Rule, RuleAccess } from "../gateway.ts";
import { AUTHENTICATE_RULE } from "../match-rule.ts";
import { parseRoutePattern } from "../route-pattern.ts";
import { fields, isPlainObject, list, refused, text } from "./fields.ts";
import { methodName, visibleText } from "./values.ts";

/** A rule without its name. */
export interface ParsedRule {
  readonly path: string;
  readonly methods?: readonly string[] | undefined;
  readonly public?: true | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly permission?: string | undefined;
}

const pattern = {
  path: v.pipe(
    v.string('a path like "/orders/:id" or "/orders/*"'),
    v.check(
      (value) => value.length <= CONFIG_LIMITS.maxTextLength,
      `a path of at most ${CONFIG_LIMITS.maxTextLength} characters`,
    ),
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
  (value) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value),
  200,
);

const restrictedRule: v.GenericSchema<unknown, ParsedRule> = fields({
  ...pattern,
  public: refused("public: true, or leave it out; true excludes scopes and permission"),
  scopes: v.optional(list(scope, "a list of scopes", { min: 1, max: 50 })),
  permission: v.optional(visibleText("the name of a permission")),
});

const publicRule: v.GenericSchema<unknown, ParsedRule> = fields({
  ...pattern,
  public: v.literal(true, "true, or leave it out"),
  scopes: refused("no scopes in a public rule: no credential is checked"),
  permission: refused("no permission in a public rule: no credential is checked"),
});

const OTHER_FILTERS =
  "only in a service with the built-in filter; this filter reads paths and methods itself, as set in its configuration";

const otherFilterRule: v.GenericSchema<unknown, ParsedRule> = fields({
  ...pattern,
  public: v.optional(v.literal(true, "true, or leave it out")),
  scopes: refused(OTHER_FILTERS),
  permission: refused(OTHER_FILTERS),
});

const anyRule: v.GenericSchema<unknown, ParsedRule> = v.pipe(
  v.lazy(
    (input: unknown): v.GenericSchema<unknown, ParsedRule> =>
      isPlainObject(input) && input.public === true ? publicRule : restrictedRule,
  ),
  v.description("a rule"),
);

const bounds = { min: 0, max: CONFIG_LIMITS.maxListLength };
export const rules = list(anyRule, "a list of rules", bounds);
export const otherFilterRules = list(otherFilterRule, "a list of rules", bounds);

/**
 * The rule as the gateway uses it. Its name has its index, which only changes with the configuration. See `Rule.name`.
 * @param sendsPattern the authorization server gets the pattern in place of path and query
 */
export function resolveRule(rule: ParsedRule, index: number, sendsPattern = false): Rule {
  const parsed = parseRoutePattern(rule.path);
  if (!parsed.ok) throw new Error(`the schema let through the rule path ${JSON.stringify(rule.path)}`);
  const access = accessOf(rule);
  const asksForMore = access.kind === "authorize" && (access.scopes.length > 0 || access.permission !== undefined);
  return {
    name: asksForMore || access.kind === "public" || sendsPattern ? `rule-${index}` : AUTHENTICATE_RULE,
    path: rule.path,
    pattern: parsed.pattern,
    methods: rule.methods,
    access,
    ...(sendsPattern && access.kind === "authorize" ? { sentUri: encodeURI(rule.path) } : {}),
  };
}

function accessOf(rule: ParsedRule): RuleAccess {
  if (rule.public === true) return { kind: "public" };
  const scopes = [...new Set(rule.scopes)];
  return rule.permission === undefined
    ? { kind: "authorize", scopes }
    : { kind: "authorize", scopes, permission: rule.permission };
}

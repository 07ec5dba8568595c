import { CONFIG_LIMITS } from "./configuration-limits.ts";
import { namesPattern, namesRoute, sendsRule } from "./decision-key.ts";
import { describeFound, type Finding } from "./problems.ts";
import type { ParsedService } from "./schema/service.ts";

/** `uri: "rule"` and `resource: "route"` need rules whose patterns can be sent. */
export function checkSentRules({ authorization, rules }: ParsedService): Finding[] {
  if (!namesPattern(authorization)) return [];
  if (rules.every((rule) => rule.public)) {
    const allowed = "only with rules that are not public: a path that no rule matches is sent whole";
    return sendsRule(authorization)
      ? [{ path: ["authorization", "uri"], found: '"rule"', allowed }]
      : [{ path: ["authorization", "resource"], found: '"route"', allowed }];
  }
  return [...tooLong(rules), ...(namesRoute(authorization) ? withoutDistinctParameters(rules) : [])];
}

function tooLong(rules: ParsedService["rules"]): Finding[] {
  return rules.flatMap(({ path }, index) =>
    path.length < CONFIG_LIMITS.maxTextLength / 2 || encodeURI(path).length <= CONFIG_LIMITS.maxSentRuleLength
      ? []
      : [
          {
            path: ["rules", index, "path"],
            found: describeFound(path),
            allowed: `a path of at most ${CONFIG_LIMITS.maxSentRuleLength} characters when percent-encoded, as it is sent`,
          },
        ],
  );
}

/** What they stand for is sent as members of one JSON object: readers differ in which of two they take. */
function withoutDistinctParameters(rules: ParsedService["rules"]): Finding[] {
  return rules.flatMap(({ path, public: isPublic }, index) => {
    if (isPublic) return [];
    const names = path.split("/").filter((segment) => segment.startsWith(":"));
    if (new Set(names).size === names.length) return [];
    const allowed = "a path whose parameters have different names: the decision point gets each by its name";
    return [{ path: ["rules", index, "path"], found: describeFound(path), allowed }];
  });
}

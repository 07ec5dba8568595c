import { CONFIG_LIMITS } from "./configuration-limits.ts";
import { namesPattern, sendsRule } from "./decision-key.ts";
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

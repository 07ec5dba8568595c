import type { Operator, PagePath } from "./gateway.ts";
import { prefixCovers } from "./path-syntax.ts";
import type { ParsedOperator } from "./schema/operator.ts";

const DEFAULT_PATHS = { metricsPath: "/metrics", healthPath: "/healthz" } as const;

/** The operator's settings with their defaults. Pages under the prefix need no second path there. */
export function operatorOf(parsed: ParsedOperator): Operator {
  const pathOf = (name: PagePath) => {
    const byDefault = DEFAULT_PATHS[name];
    return parsed[name] ?? (prefixCovers(parsed.prefix, byDefault) ? false : byDefault);
  };
  return {
    ...parsed,
    metricsPath: pathOf("metricsPath"),
    healthPath: pathOf("healthPath"),
    defaultPaths: (["metricsPath", "healthPath"] as const).filter((name) => parsed[name] === undefined),
  };
}

/** The pages outside the prefix, with the fields that set their paths. */
export function pagesOutside(operator: Pick<Operator, PagePath>): { name: PagePath; path: string }[] {
  return (["metricsPath", "healthPath"] as const).flatMap((name) => {
    const path = operator[name];
    return path === false ? [] : [{ name, path }];
  });
}

/** Whether the path belongs to the operator's pages, on any host. A path that is not canonical never does. */
export function isOperatorPath({ prefix, metricsPath, healthPath }: Operator, path: string): boolean {
  return path === metricsPath || path === healthPath || prefixCovers(prefix, path);
}

import { asksAboutRequests } from "./decision-key.ts";
import type { Gateway } from "./gateway.ts";

/** Settings that are worth a thought, one sentence each. Nothing is wrong with them. */
export function hintsOf({ services }: Gateway): string[] {
  return services.flatMap(({ name, filterKind, rules }) => {
    if (filterKind.kind !== "built-in" || !asksAboutRequests(filterKind)) return [];
    const { uri } = filterKind.authorization;
    const pattern = rules.find(({ access, pattern: { segments, rest } }) => {
      return access.kind === "authorize" && (rest || segments.includes(null));
    })?.path;
    if (uri !== "path-and-query" || pattern === undefined) return [];
    return [
      `services.${name}.authorization.uri: each path and query costs a call of its own; if the server decides by kind of request, uri: "rule" sends ${pattern} instead (docs/decision-key.md)`,
    ];
  });
}

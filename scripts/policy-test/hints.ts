import type { Gateway } from "../../config/index.ts";
import { ruleDescription } from "./explain.ts";
import type { PlacedTest } from "./place-tests.ts";
import type { PolicyFile } from "./policy-file.ts";

/** What the tests leave out, one line each. None of it is a failure. */
export function hintsOn(gateway: Gateway, { users }: PolicyFile, tests: readonly PlacedTest[]): string[] {
  const ofServices = gateway.services.flatMap((service) => {
    const { name, enforcement, rules } = service;
    const own = tests.filter(({ explanation }) => explanation.service === service);
    const reports =
      enforcement.mode === "report-only"
        ? [`${name} only reports until ${enforcement.until}: the tests show what it decides and does not yet enforce`]
        : [];
    if (own.length === 0) return [...reports, `${name}: no test`];
    const reached = new Set(own.map(({ explanation }) => explanation.ruleIndex));
    const missed = [...rules.entries()].filter(([index]) => !reached.has(index));
    return [
      ...reports,
      ...missed.map(([index, rule]) => `${name}: no test reaches rules[${index}] ${ruleDescription(rule)}`),
    ];
  });
  const asking = new Set(tests.map(({ test }) => test.as));
  const idle = Object.keys(users).filter((name) => !asking.has(name));
  return [...ofServices, ...idle.map((name) => `user ${name}: no test`)];
}

import { safeText } from "../filter/text.ts";
import { happenedText } from "./outcome.ts";
import type { OpenedPolicyFile } from "./read-policy-file.ts";
import type { TestResult } from "./run-tests.ts";

export interface PolicyReport {
  readonly file: OpenedPolicyFile;
  readonly results: readonly TestResult[];
  readonly hints: readonly string[];
}

/** Failed tests in full, then hints, then the sum. */
export function textReport({ file, results, hints }: PolicyReport): string {
  const failed = results.filter(isFailed);
  return [
    ...failed.flatMap((result) => [...failureLines(file, result), ""]),
    ...hints.map((hint) => `hint: ${hint}`),
    ...(hints.length === 0 ? [] : [""]),
    `${results.length - failed.length} passed, ${failed.length} failed`,
  ].join("\n");
}

/** For machines: every test with what was expected and what happened. */
export function jsonReport({ file, results, hints }: PolicyReport): string {
  const failed = results.filter(isFailed).length;
  const tests = results.map((result) => {
    const { placed, outcome, log } = result;
    const { explanation, test, host } = placed;
    return {
      line: lineOf(file, result),
      test: requestText(result),
      host,
      ok: !isFailed(result),
      decision: happenedText(outcome, explanation.need),
      user: test.as ?? null,
      service: explanation.service?.name ?? null,
      rule: explanation.text,
      asked: outcome.asked,
      status: outcome.response?.status ?? null,
      reason: outcome.response?.reason ?? null,
      upstream: outcome.upstream ?? null,
      differences: result.differences,
      log,
    };
  });
  return JSON.stringify({ file: file.name, passed: results.length - failed, failed, tests, hints }, null, 2);
}

export function isFailed({ differences }: TestResult): boolean {
  return differences.length > 0;
}

/** The expected in lines with `-`, what happened in lines with `+`, then what explains it. */
function failureLines(file: OpenedPolicyFile, result: TestResult): string[] {
  const { placed, outcome, differences, log } = result;
  const { explanation, host } = placed;
  const { upstream } = outcome;
  return [
    `FAILED ${file.name}:${lineOf(file, result)}: ${requestText(result)}`,
    ...differences.flatMap(({ what, expected, happened }) => {
      const name = what === "decision" ? "" : `${what}: `;
      return [`  - ${name}${safeText(expected)}`, `  + ${name}${safeText(happened)}`];
    }),
    ...detail("service", explanation.service === undefined ? "none" : `${explanation.service.name}, host ${host}`),
    ...detail("rule", explanation.text),
    ...(outcome.asked.length === 0
      ? detail("asked", "no server")
      : outcome.asked.flatMap((line) => detail("asked", line))),
    ...(upstream === undefined
      ? detail("upstream", "got nothing")
      : [
          ...detail("upstream", `${upstream.method} ${upstream.url}`),
          ...Object.entries(upstream.headers)
            .filter(([name]) => !OF_THE_CONNECTION.has(name))
            .flatMap(([name, value]) => detail("", `${name}: ${value}`)),
        ]),
    ...log.flatMap((line) => detail("log", line)),
  ];
}

/** These say nothing about the decision. */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set(["host", "connection", "content-length", "transfer-encoding"]);

function detail(label: string, text: string): string[] {
  return [`    ${label.padEnd(9)}${safeText(text)}`];
}

function requestText({ placed: { test } }: TestResult): string {
  const { method, target } = test.request;
  return `${method} ${target}${test.as === undefined ? "" : ` as ${test.as}`}`;
}

function lineOf(file: OpenedPolicyFile, { placed }: TestResult): number {
  return file.lineOf(["tests", placed.index]);
}

import type * as v from "valibot";
import { UnknownField } from "./schema/fields.ts";
import { isVariable } from "./variables.ts";

/** One mistake in the configuration. */
export interface ConfigProblem {
  readonly file: string;
  /** `services.orders.clusters.auth.timeoutMs`, `services.orders.rules[2].path`; empty for the whole default export. */
  readonly path: string;
  /** The value found there, as a noun: `"2s"`, `a list of 3`, `nothing`. */
  readonly found: string;
  /** The allowed values, as a noun: `a whole number from 1 to 60000 (milliseconds)`. */
  readonly allowed: string;
}

/** A mistake without its file. The path is a list, so that list items sort by number. */
export interface Finding {
  readonly path: readonly (string | number)[];
  readonly found: string;
  readonly allowed: string;
}

/** One sentence and one line for each problem. */
export function formatProblems(problems: readonly ConfigProblem[]): string {
  return problems.map(formatProblem).join("\n");
}

function formatProblem({ file, path, found, allowed }: ConfigProblem): string {
  const place = path === "" ? "the default export" : path;
  return `${file}: ${place}: found ${found}; allowed: ${allowed}.`;
}

/** Problems of one file, sorted by path, without duplicates. */
export function toProblems(file: string, findings: readonly Finding[]): ConfigProblem[] {
  const sorted = findings.toSorted((a, b) => comparePaths(a.path, b.path));
  const problems: ConfigProblem[] = [];
  for (const { path, found, allowed } of sorted) {
    const problem = { file, path: formatPath(path), found, allowed };
    const last = problems.at(-1);
    if (last?.path !== problem.path || last.allowed !== problem.allowed) problems.push(problem);
  }
  return problems;
}

/**
 * Converts Valibot's issues to findings. In this project's schemas, an issue's message says what is allowed (see
 * schema/fields.ts), so this adds only what was found.
 */
export function findingsOf(issues: readonly v.BaseIssue<unknown>[], below: readonly (string | number)[]): Finding[] {
  return issues.map((issue) => {
    const path = [...below, ...(issue.path ?? []).map((item) => asKey(item.key))];
    return { path, found: describeFound(issue.input, path), allowed: issue.message };
  });
}

/** Fields whose value may be a secret in plain text by mistake: it must not end up in a log. */
const SECRET_FIELDS: ReadonlySet<string | number> = new Set([
  "secret",
  "sharedSecret",
  "replace",
  "key",
  "keys",
  "token",
  "tokenSecret",
  "keySecret",
  "id",
  "headers",
]);

/** The value at a path, as a noun. */
export function describeFound(value: unknown, path: readonly (string | number)[] = []): string {
  if (value === undefined) return "nothing";
  if (value instanceof UnknownField) return "an unknown field";
  if (typeof value === "string") {
    // A service may itself be named like a secret field.
    const fieldPath = path[0] === "services" ? path.slice(2) : path;
    if (fieldPath.some((key) => SECRET_FIELDS.has(key))) return `a text of ${value.length} characters`;
    const shown = value.replace(/\/\/[^/@]*@/, "//…@");
    return JSON.stringify(shown.length > 80 ? `${shown.slice(0, 80)}…` : shown);
  }
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "function") return "a function";
  if (isVariable(value)) return `variable(${JSON.stringify(value.variable)}), which cannot stand here`;
  if (typeof value === "object" && value !== null) {
    const tag = Object.prototype.toString.call(value).slice(8, -1);
    return tag === "Object" ? "an object" : `an object of type ${tag}`;
  }
  return String(value);
}

function asKey(key: unknown): string | number {
  return typeof key === "number" ? key : String(key);
}

function formatPath(path: readonly (string | number)[]): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else if (/^[A-Za-z_$][\w$-]*$/.test(key)) text += text === "" ? key : `.${key}`;
    else text += `[${JSON.stringify(key)}]`;
  }
  return text;
}

function comparePaths(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const left = a[index]!;
    const right = b[index]!;
    if (left === right) continue;
    if (typeof left === "number" && typeof right === "number") return left - right;
    return String(left) < String(right) ? -1 : 1;
  }
  return a.length - b.length;
}

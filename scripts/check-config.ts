import { parseArgs } from "node:util";
import { issuersOf } from "../config/authorization-parts.ts";
import {
  type FilterKind,
  formatProblems,
  type Gateway,
  hintsOf,
  keyedBy,
  resolveGateway,
  type Service,
  unkeyedHeadersOf,
  warningsOf,
} from "../config/index.ts";
import { type ConfigProblem, toProblems } from "../config/problems.ts";
import { standIn } from "../config/variables.ts";
import { called } from "./called.ts";
import { checkEnvironment } from "./check-config/check-environment.ts";
import { checkFilters } from "./check-config/check-filters.ts";
import { readEnvironment } from "./check-config/wrangler-environment.ts";
import { checkLocalSecrets } from "./check-local-secrets.ts";
import { checkMemory } from "./check-memory.ts";
import { type CommandResult, conclude } from "./command-result.ts";
import { loadConfig } from "./load-config.ts";

/** What is to be said of a configuration. `warnings` are those of filters, which `text` has too. */
export type Verdict =
  | { readonly ok: true; readonly text: string; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly text: string };

export interface CheckOptions {
  /** Also checks what wrangler's file has for this environment; empty: for its top level. */
  readonly environment?: string | undefined;
  /** False: does not start the filters. */
  readonly trial?: boolean;
}

/**
 * Checks a configuration file and the modules that it imports, and starts each filter. The text has every problem; or a line for
 * each service, with the built-in filter a second one about its cache, then warnings and hints.
 */
export async function checkConfig(file: string, { environment, trial = true }: CheckOptions = {}): Promise<Verdict> {
  const loaded = await loadConfig(file);
  if (!loaded.ok) return { ok: false, text: loaded.message };
  const result = resolveGateway(loaded.config, file);
  const problems = result.ok
    ? [
        ...toProblems(file, await checkMemory(result.gateway, loaded.wasmFiles)),
        ...(await checkLocalSecrets(file, result.gateway)),
      ]
    : result.problems;
  if (!result.ok || problems.length > 0) return failed(problems);
  const { findings, details, warnings } = await checkFilters(file, result.gateway, loaded.wasmFiles, trial);
  if (findings.length > 0) return failed(toProblems(file, findings), details);
  if (environment === undefined) {
    return { ok: true, text: [...described(result.gateway), ...warnings].join("\n"), warnings };
  }
  const read = await readEnvironment(file, environment);
  if (!read.ok) return { ok: false, text: read.message };
  const checked = checkEnvironment(file, loaded.config, result.gateway, read.environment, read.topLevel);
  if (checked.problems.length > 0) return failed(checked.problems);
  return { ok: true, text: [...described(checked.gateway), ...checked.lines, ...warnings].join("\n"), warnings };
}

function described(gateway: Gateway): string[] {
  const lines = [
    summary(gateway),
    ...warningsOf(gateway).map((warning) => `WARNING ${warning}`),
    ...hintsOf(gateway).map((hint) => `HINT ${hint}`),
  ];
  return lines.map((line) => withVariables(line, gateway));
}

function failed(problems: readonly ConfigProblem[], details: readonly string[] = []): Verdict {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return { ok: false, text: [formatProblems(problems), ...details, count].join("\n") };
}

/** The names of variables in place of the stand-ins that the configuration was checked with. */
function withVariables(line: string, { variables }: Gateway): string {
  return variables.reduce((text, name) => text.replaceAll(standIn(name), `variable ${name}`), line);
}

function summary({ services, operator, version }: Gateway): string {
  return [...services.flatMap(describe), `operator's pages under ${operator.prefix}, configuration ${version}`].join(
    "\n",
  );
}

function describe(service: Service): string[] {
  const { name, route, upstream, rules, filterKind } = service;
  const hosts = route.hosts.length === 0 ? "any host" : route.hosts.join(", ");
  const target = targetOf(upstream);
  const decision = decisionOf(filterKind);
  const open = filterKind.kind === "built-in" && filterKind.failOpen ? ", FAILS OPEN" : "";
  const ruleCount = rules.length === 1 ? "1 rule" : `${rules.length} rules`;
  return [
    `${name}: ${route.prefix} on ${hosts} -> ${target}; ${decision}, ${ruleCount}${open}`,
    ...describeKey(service),
  ];
}

function describeKey(service: Service): string[] {
  const { name, filterKind } = service;
  const key = keyedBy(service);
  if (key === undefined || filterKind.kind !== "built-in") return [];
  const unkeyed = unkeyedHeadersOf(filterKind.authorization);
  const sent = unkeyed.length === 0 ? "" : `; sent but not part of that: ${unkeyed.join(", ")}`;
  return [`${name}: a decision is kept for: ${key.join(", ")}${sent}`];
}

function targetOf(upstream: Service["upstream"]): string {
  if ("url" in upstream) return upstream.url;
  return "binding" in upstream ? `binding ${upstream.binding}` : "a handler in this Worker";
}

/** What decides on the requests of a service. */
export function decisionOf(filterKind: FilterKind): string {
  if (filterKind.kind === "other") return "a filter of your own";
  const { authorization } = filterKind;
  const issuers = issuersOf(authorization).map(({ issuer }) => issuer);
  const verified = issuers.length === 0 ? "" : `tokens of ${issuers.join(", ")}`;
  if (authorization.protocol === "jwt") return `jwt, ${verified}`;
  if (authorization.protocol === "api-keys") {
    return `api-keys in ${authorization.keys.map(({ secret }) => secret).join(", ")}`;
  }
  const asked = `${authorization.protocol} at ${authorization.cluster}`;
  return verified === "" ? asked : `${verified}, then ${asked}`;
}

const USAGE = `${called("check-config", "[FILE] [--env NAME] [--no-trial]")}      checks a configuration and the modules that it imports

FILE is gateway.config.ts unless another is named. Lists every wrong field, its value and the allowed values. Starts each filter with
its configuration, without a network; one that fails is a problem. Secrets come from .dev.vars or the environment.

  --no-trial    does not start the filters
  --env NAME    also compares it with an environment of wrangler's file ("" is its top level)`;

/** Runs one command line. */
export async function runCheckConfigCommand(args: readonly string[]): Promise<CommandResult> {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        env: { type: "string", short: "e" },
        "no-trial": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return { ok: true, report: USAGE };
    if (positionals.length > 1) return wrong(`One file at a time: ${positionals[1]} is one too many.`);
    const { ok, text } = await checkConfig(positionals[0] ?? "gateway.config.ts", {
      environment: values.env,
      trial: !values["no-trial"],
    });
    return ok ? { ok, report: text } : { ok, complaint: text };
  } catch (error) {
    if (error instanceof TypeError && "code" in error) return wrong(error.message);
    throw error;
  }
}

function wrong(message: string): CommandResult {
  return { ok: false, complaint: `${message} (--help lists the options)` };
}

if (import.meta.main) conclude(await runCheckConfigCommand(process.argv.slice(2)));

import { Command } from "commander";
import { type CommandResult, conclude } from "../command-result.ts";
import { askOperatorPage, type OperatorQuestion } from "./ask.ts";
import {
  DEFAULT_TOKEN_NAME,
  type Read,
  readScope,
  readTarget,
  type ScopeOptions,
  type StatsOptions,
  statsQuery,
  type TargetOptions,
} from "./options.ts";

interface PurgeOptions extends TargetOptions, ScopeOptions {
  readonly credential?: string;
}

interface RestartOptions extends TargetOptions, ScopeOptions {
  readonly dryRun?: boolean;
}

/** Commands that ask the operator's pages of a running gateway: `stats`, `purge` and `restart`. */
export function operatorCommands(standardInput: () => Promise<string>): Command[] {
  const stats = new Command("stats").description("prints a running gateway's statistics as JSON");
  targetOptions(stats)
    .option("--service <name>", "of this service only")
    .option("--window <time>", "adds what happened in this time: 15m, 6h or 2d")
    .option("--samples", "adds samples, all stored starts and restarts, and details; wakes the services")
    .option("--wake", "asks the services themselves, and not the directory of their last figures")
    .action(async (options: TargetOptions & StatsOptions) => {
      conclude(await ask(options, { ok: true, value: { page: "stats", query: statsQuery(options) } }));
    });

  const purge = new Command("purge").description("makes a running gateway forget decisions");
  targetOptions(purge)
    .option("--service <name>", "of this service only")
    .option("--credential <text>", "of this credential only; - reads it from standard input, so that no one sees it")
    .option("--all", "every decision of every service")
    .action(async (options: PurgeOptions) => {
      conclude(await ask(options, await purgeQuestion(options, standardInput)));
    });

  const restart = new Command("restart").description("restarts a running gateway's filters in place");
  targetOptions(restart)
    .option("--service <name>", "of this service only")
    .option("--all", "of every service")
    .option("--dry-run", "only report what it would free and cost")
    .action(async (options: RestartOptions) => {
      const scope = readScope(options);
      const dryRun = options.dryRun === true ? { dryRun: true } : {};
      const question: Read<OperatorQuestion> = scope.ok
        ? { ok: true, value: { page: "restart", fields: { ...scope.value, ...dryRun } } }
        : scope;
      conclude(await ask(options, question));
    });
  return [stats, purge, restart];
}

function targetOptions(command: Command): Command {
  return command
    .option("--url <url>", "the gateway: scheme, host and port", "http://localhost:8787")
    .option("--prefix <path>", "its operator.prefix", "/stats")
    .option(
      "--token-env <name>",
      `the environment variable that holds the operator token (default ${DEFAULT_TOKEN_NAME}, if that is set)`,
    );
}

async function purgeQuestion(
  options: PurgeOptions,
  standardInput: () => Promise<string>,
): Promise<Read<OperatorQuestion>> {
  if (options.credential === undefined) {
    const scope = readScope(options, ", --credential TEXT");
    return scope.ok ? { ok: true, value: { page: "purge", fields: scope.value } } : scope;
  }
  // Every service may know the credential: without a name, all of them are meant.
  const scope = readScope({ ...options, all: options.service === undefined || options.all });
  if (!scope.ok) return scope;
  const credential = (options.credential === "-" ? await standardInput() : options.credential).trim();
  if (credential === "") return { ok: false, message: "The credential is empty; leave --credential out to purge all." };
  return { ok: true, value: { page: "purge", fields: { ...scope.value, credential } } };
}

async function ask(options: TargetOptions, question: Read<OperatorQuestion>): Promise<CommandResult> {
  const target = readTarget(options, process.env);
  if (!target.ok) return { ok: false, complaint: `${target.message} (--help lists the options)` };
  if (!question.ok) return { ok: false, complaint: `${question.message} (--help lists the options)` };
  return askOperatorPage(target.value, question.value);
}

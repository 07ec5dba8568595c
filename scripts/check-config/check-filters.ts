import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { parseEnv } from "node:util";
import type { Gateway, Service } from "../../config/index.ts";
import type { Finding } from "../../config/problems.ts";
import { inspectModule } from "../../wasm/host/index.ts";
import { logText } from "../filter/report-parts.ts";
import { safeText } from "../filter/text.ts";
import { clusterWarnings, functionWarnings, grpcWarnings } from "../filter/warnings.ts";
import type { WasmFile } from "../load-config.ts";
import { type TrialStart, trialStart } from "./trial-start.ts";

export interface FilterCheck {
  readonly findings: readonly Finding[];
  /** The last log lines of filters that failed. */
  readonly details: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Starts the filters of all services with their configurations, and warns of calls that cannot succeed.
 * @param trial whether to start them
 */
export async function checkFilters(
  configFile: string,
  { services }: Gateway,
  wasmFiles: ReadonlyMap<WebAssembly.Module, WasmFile>,
  trial: boolean,
): Promise<FilterCheck> {
  const known = await localSecrets(configFile);
  const checks = services.flatMap((service) => {
    const { filter: module, filterKind, name } = service;
    if (module === undefined || filterKind.kind === "in-worker") return [];
    const imports = inspectModule(module).imports;
    const whose = `${name}: its filter`;
    const warnings = [...grpcWarnings(whose, imports), ...functionWarnings(whose, imports)];
    if (!trial) return [{ findings: [], details: [], warnings }];
    const path = wasmFiles.get(module)?.path;
    const file = path === undefined ? "a module" : relative(process.cwd(), path);
    const result = trialStart(service, module, known);
    return [{ ...judged(service, file, result), warnings: [...warnings, ...warningsOf(service, result)] }];
  });
  return {
    findings: checks.flatMap(({ findings }) => findings),
    details: checks.flatMap(({ details }) => details),
    warnings: checks.flatMap(({ warnings }) => warnings),
  };
}

function judged({ name }: Service, file: string, { failure, log, placeholders }: TrialStart) {
  if (failure === undefined) return { findings: [], details: [] };
  const guess =
    placeholders.length === 0
      ? ""
      : `; it was started with placeholders for the secrets ${placeholders.join(", ")}, which .dev.vars or the environment can hold`;
  const allowed = `a filter that starts with this configuration${guess} (--no-trial does not start it)`;
  const lines = log.map((line) => `  ${logText(line)}`);
  return {
    findings: [{ path: ["services", name, "filter"], found: `${file}, which ${safeText(failure)}`, allowed }],
    details: lines.length === 0 ? [] : [`${name}: the last lines of its filter's log:`, ...lines],
  };
}

function warningsOf({ name, filterKind }: Service, { unknownClusters, placeholders }: TrialStart): string[] {
  // The built-in filter does not look into secrets.
  const missing = filterKind.kind === "other" ? placeholders : [];
  return [
    ...clusterWarnings(name, unknownClusters),
    ...missing.map(
      (secret) =>
        `warning: secrets: ${name}: ${secret} is neither in .dev.vars nor in the environment: the trial start of its filter used a placeholder`,
    ),
  ];
}

/** Secrets as far as this machine has them. Empty ones count as missing, as in the Worker. */
async function localSecrets(configFile: string): Promise<(name: string) => string | undefined> {
  const local = parseEnv(await readFile(join(dirname(configFile), ".dev.vars"), "utf8").catch(() => ""));
  return (name) => local[name] || process.env[name] || undefined;
}

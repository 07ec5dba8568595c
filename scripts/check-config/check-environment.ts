import { type Gateway, resolveGateway } from "../../config/index.ts";
import { howToAddBinding, type NeededBinding, neededBindings } from "../../config/needed-bindings.ts";
import { neededSecrets } from "../../config/needed-secrets.ts";
import type { ConfigProblem } from "../../config/problems.ts";
import { standIn } from "../../config/variables.ts";
import type { WranglerEnvironment } from "./wrangler-environment.ts";

export interface EnvironmentCheck {
  readonly problems: readonly ConfigProblem[];
  /** With the environment's variables, if they are valid. */
  readonly gateway: Gateway;
  /** What the environment has, and what must still be set; one line each. */
  readonly lines: readonly string[];
}

/**
 * Compares what the configuration names with what an environment of wrangler's file has.
 *
 * @param input the configuration's export
 * @param gateway what it resolves to without the values of variables
 * @param topLevel to tell what the environment does not inherit
 */
export function checkEnvironment(
  configFile: string,
  input: unknown,
  gateway: Gateway,
  environment: WranglerEnvironment,
  topLevel: WranglerEnvironment,
): EnvironmentCheck {
  const { vars, requiredSecrets = [] } = environment;
  // The value of a secret is known in the deployment only.
  const environmentValue = (name: string) => vars[name] ?? (requiredSecrets.includes(name) ? standIn(name) : undefined);
  const filled = gateway.variables.length === 0 ? undefined : resolveGateway(input, configFile, environmentValue);
  return {
    problems: [
      ...neededBindings(gateway).flatMap((binding) => problemOfBinding(binding, environment, topLevel)),
      ...(filled?.ok === false ? filled.problems : []),
    ],
    gateway: filled?.ok === true ? filled.gateway : gateway,
    lines: [...summary(gateway, environment, topLevel), ...secretLines(gateway, environment)],
  };
}

const TABLES = {
  "durable-object": "durable_objects.bindings",
  service: "services",
  "rate-limit": "ratelimits",
  "analytics-engine": "analytics_engine_datasets",
} as const;

function namesOf(environment: WranglerEnvironment, kind: NeededBinding["kind"]): readonly string[] {
  const { objects, serviceBindings, rateLimits, analyticsDatasets } = environment;
  return {
    "durable-object": [...objects.keys()],
    service: serviceBindings,
    "rate-limit": rateLimits,
    "analytics-engine": analyticsDatasets,
  }[kind];
}

const KINDS = Object.keys(TABLES) as NeededBinding["kind"][];

function problemOfBinding(
  binding: NeededBinding,
  environment: WranglerEnvironment,
  topLevel: WranglerEnvironment,
): ConfigProblem[] {
  const { kind, name, field } = binding;
  const { file } = environment;
  const below = environment.name === undefined ? "" : `env.${environment.name}.`;
  const path = `${below}${TABLES[kind]}`;
  if (!namesOf(environment, kind).includes(name)) {
    const use = field === undefined ? "" : `, which ${field} names`;
    const above = namesOf(topLevel, kind).includes(name) ? "; the top level's is not inherited" : "";
    return [{ file, path, found: `no ${name}${use}${above}`, allowed: howToAddBinding(binding, environment.name) }];
  }
  if (kind !== "durable-object") return [];
  const { className, script } = environment.objects.get(name)!;
  if ((script !== undefined && script !== environment.worker) || environment.classes.includes(className)) return [];
  return [
    {
      file,
      path: "exports",
      found: `no class ${className} with SQLite storage, which ${path} names`,
      allowed: `the class, at the top level, which every environment inherits:\n[exports.${className}]\ntype = "durable-object"\nstorage = "sqlite"`,
    },
  ];
}

function summary(gateway: Gateway, environment: WranglerEnvironment, topLevel: WranglerEnvironment): string[] {
  const names = [...new Set(neededBindings(gateway).map(({ name }) => name)), ...gateway.variables];
  const where = environment.name === undefined ? "top level" : `environment ${environment.name}`;
  const lines = [`${where} of ${environment.file}, Worker ${environment.worker}: has ${names.join(", ")}`];
  if (environment === topLevel) return lines;
  const inherited = environment.classes.length === 0 ? "" : `; inherits the class ${environment.classes.join(", ")}`;
  const lost = [
    ...KINDS.flatMap((kind) => namesOf(topLevel, kind)).filter((name) => !hasName(environment, name)),
    ...Object.keys(topLevel.vars).filter((name) => !Object.hasOwn(environment.vars, name)),
  ];
  return lost.length === 0
    ? [`${lines[0]}${inherited}`]
    : [`${lines[0]}${inherited}`, `not inherited from the top level, and not needed here: ${lost.join(", ")}`];
}

function hasName(environment: WranglerEnvironment, name: string): boolean {
  return KINDS.some((kind) => namesOf(environment, kind).includes(name));
}

function secretLines(gateway: Gateway, { name, requiredSecrets, file }: WranglerEnvironment): string[] {
  const needed = neededSecrets(gateway);
  if (needed.length === 0) return [];
  const option = name === undefined ? "" : ` --env ${name}`;
  const toSet = `secrets to set, unless they are set already: ${needed.map((secret) => `wrangler secret put ${secret}${option}`).join("; ")}`;
  const unlisted = requiredSecrets === undefined ? [] : needed.filter((secret) => !requiredSecrets.includes(secret));
  if (unlisted.length === 0) return [toSet];
  return [
    toSet,
    `WARNING ${file}: secrets.required lists secrets without ${unlisted.join(", ")}: wrangler dev loads only those that it lists`,
  ];
}

import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { oneOf } from "../../config/suggest.ts";

/** What wrangler deploys for one environment, what it inherits filled in. */
export interface WranglerEnvironment {
  /** As shown to the user. */
  readonly file: string;
  /** Undefined: the top level. */
  readonly name: string | undefined;
  readonly worker: string;
  readonly vars: Readonly<Record<string, unknown>>;
  /** `secrets.required`; undefined if the file does not list secrets. */
  readonly requiredSecrets: readonly string[] | undefined;
  /** Bindings of Durable Objects, by name. */
  readonly objects: ReadonlyMap<string, { readonly className: string; readonly script: string | undefined }>;
  readonly serviceBindings: readonly string[];
  readonly rateLimits: readonly string[];
  /** Analytics Engine bindings. */
  readonly analyticsDatasets: readonly string[];
  /** Classes of Durable Objects with SQLite storage that the Worker itself has, by `exports` or `migrations`. */
  readonly classes: readonly string[];
}

export type ReadEnvironment =
  | { readonly ok: true; readonly environment: WranglerEnvironment; readonly topLevel: WranglerEnvironment }
  | { readonly ok: false; readonly message: string };

/** In the order in which wrangler looks for them. */
const FILES = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];

/**
 * Reads an environment from wrangler's file beside the configuration, by wrangler's own reader: so it inherits what a deployment
 * inherits. For mistakes of the user, returns a message and does not throw.
 *
 * @param name as after `wrangler --env`; empty: the top level
 */
export async function readEnvironment(configFile: string, name: string): Promise<ReadEnvironment> {
  const folder = dirname(configFile);
  const path = FILES.map((file) => join(folder, file)).find((file) => existsSync(file));
  if (path === undefined) {
    return { ok: false, message: `there is no ${FILES.join(", ")} beside ${relative(process.cwd(), configFile)}` };
  }
  const file = relative(process.cwd(), path);
  // Loaded only if it is needed: it takes a second. A project that has the package only need not have it.
  const wrangler = await import("wrangler").catch(() => undefined);
  if (wrangler === undefined) {
    return { ok: false, message: `${file} is read by wrangler, which is not installed here: npm install wrangler` };
  }
  const { unstable_readConfig: readConfig } = wrangler;
  try {
    const read = (env?: string): WranglerConfig =>
      readConfig(env === undefined ? { config: path } : { config: path, env }, { hideWarnings: true });
    const top = read();
    const topLevel = environmentOf(file, undefined, top);
    if (name === "") return { ok: true, environment: topLevel, topLevel };
    const known = top.definedEnvironments ?? [];
    if (!known.includes(name)) {
      const allowed = known.length === 0 ? `it has none; add a table [env.${name}]` : `it has ${oneOf(known, name)}`;
      return { ok: false, message: `${file}: found no environment ${JSON.stringify(name)}; ${allowed}` };
    }
    return { ok: true, environment: environmentOf(file, name, read(name)), topLevel };
  } catch (error) {
    return { ok: false, message: `${file}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** The part of wrangler's configuration that matters here. Its own type refers to packages that are not installed. */
interface WranglerConfig {
  readonly name?: string;
  readonly definedEnvironments?: readonly string[];
  readonly vars: Readonly<Record<string, unknown>>;
  readonly secrets?: { readonly required?: readonly string[] };
  readonly durable_objects: {
    readonly bindings: readonly { readonly name: string; readonly class_name: string; readonly script_name?: string }[];
  };
  readonly services?: readonly { readonly binding: string }[];
  readonly ratelimits?: readonly { readonly name: string }[];
  readonly analytics_engine_datasets?: readonly { readonly binding: string }[];
  readonly exports?: Readonly<
    Record<string, { readonly type: string; readonly state?: string; readonly storage?: string }>
  >;
  readonly migrations: readonly {
    readonly new_sqlite_classes?: readonly string[];
    readonly renamed_classes?: readonly { readonly from: string; readonly to: string }[];
    readonly deleted_classes?: readonly string[];
  }[];
}

function environmentOf(file: string, name: string | undefined, config: WranglerConfig): WranglerEnvironment {
  const {
    durable_objects: objects,
    services = [],
    ratelimits = [],
    exports = {},
    migrations,
    analytics_engine_datasets: datasets = [],
  } = config;
  return {
    file,
    name,
    worker: config.name ?? "without a name",
    vars: config.vars,
    requiredSecrets: config.secrets?.required,
    objects: new Map(
      objects.bindings.map((binding) => [binding.name, { className: binding.class_name, script: binding.script_name }]),
    ),
    serviceBindings: services.map(({ binding }) => binding),
    rateLimits: ratelimits.map((limit) => limit.name),
    analyticsDatasets: datasets.map(({ binding }) => binding),
    classes: [...exportedClasses(exports), ...migratedClasses(migrations)],
  };
}

function exportedClasses(exported: NonNullable<WranglerConfig["exports"]>): string[] {
  return Object.entries(exported).flatMap(([name, { type, state = "created", storage }]) =>
    type === "durable-object" && state === "created" && storage === "sqlite" ? [name] : [],
  );
}

function migratedClasses(migrations: WranglerConfig["migrations"]): string[] {
  const classes = new Set<string>();
  for (const step of migrations) {
    for (const name of step.new_sqlite_classes ?? []) classes.add(name);
    for (const { from, to } of step.renamed_classes ?? []) if (classes.delete(from)) classes.add(to);
    for (const name of step.deleted_classes ?? []) classes.delete(name);
  }
  return [...classes];
}

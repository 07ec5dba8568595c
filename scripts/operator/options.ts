import { isLoopback, readOrigin } from "../origin.ts";

/** Where the operator's pages are, and by what they open. */
export interface OperatorTarget {
  readonly origin: string;
  readonly prefix: string;
  /** The variable that holds the operator token, for messages. */
  readonly tokenName: string;
  /** Undefined: asks without one, as a gateway under `npm start` allows. */
  readonly token: string | undefined;
}

/** What the command line has, as commander reads it. */
export interface TargetOptions {
  readonly url: string;
  readonly prefix: string;
  readonly tokenEnv?: string | undefined;
}

export interface ScopeOptions {
  readonly service?: string | undefined;
  readonly all?: boolean | undefined;
}

/** What to show of the statistics. */
export interface StatsOptions {
  readonly service?: string | undefined;
  readonly window?: string | undefined;
  readonly samples?: boolean | undefined;
  readonly wake?: boolean | undefined;
}

export type Read<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly message: string };

export const DEFAULT_TOKEN_NAME = "OPERATOR_TOKEN";

/** Reads where to ask and takes the token from the environment. Messages never show the token. */
export function readTarget(
  { url, prefix, tokenEnv }: TargetOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Read<OperatorTarget> {
  const read = readOrigin(url);
  if (!read.ok) return read;
  // Anyone on the way could read the token, and the credential that a purge names.
  if (read.url.protocol === "http:" && !isLoopback(read.url)) {
    return wrong(`--url is ${url}, which is not this machine; the token may travel there by https:// only.`);
  }
  if (!/^(?:\/[A-Za-z0-9\-._~]+)+$/.test(prefix)) {
    return wrong(`--prefix is ${JSON.stringify(prefix)}; allowed is the operator.prefix of the configuration: /stats.`);
  }
  const tokenName = tokenEnv ?? DEFAULT_TOKEN_NAME;
  const token = environment[tokenName] || undefined;
  if (token === undefined && tokenEnv !== undefined) {
    return wrong(
      `--token-env names ${JSON.stringify(tokenEnv)}, an environment variable that is not set or empty; ` +
        "it must hold the operator token.",
    );
  }
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    return wrong(
      `The token in ${tokenName} has a blank, a line break or a character that is not ASCII: no token has those.`,
    );
  }
  return { ok: true, value: { origin: read.url.origin, prefix, tokenName, token } };
}

/** The field `service` of an action's request. Acting on every service must be asked for: a forgotten option must not. */
export function readScope({ service, all = false }: ScopeOptions, others = ""): Read<{ readonly service?: string }> {
  if (service !== undefined && all) return wrong("--all and --service exclude each other.");
  if (service !== undefined) return { ok: true, value: { service } };
  return all ? { ok: true, value: {} } : wrong(`Name what is meant: --service NAME${others}, or --all.`);
}

/** The query of /stats. The gateway knows its services and the longest window, and refuses what is not allowed. */
export function statsQuery({ service, window, samples = false, wake = false }: StatsOptions): URLSearchParams {
  return new URLSearchParams({
    ...(service === undefined ? {} : { service }),
    ...(window === undefined ? {} : { window }),
    ...(samples ? { samples: "1" } : {}),
    ...(wake ? { wake: "1" } : {}),
  });
}

function wrong(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}

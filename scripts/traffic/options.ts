import { parseArgs } from "node:util";
import { called, START_COMMAND } from "../called.ts";
import { isLoopback, readOrigin } from "../origin.ts";

export interface TrafficOptions {
  /** The gateway's scheme, host and port. */
  origin: string;
  /** The service's prefix, without a slash at its end. */
  prefix: string;
  /** Prefix of each token; the user's number follows. */
  tokenPrefix: string;
  /** Requests that may wait for an answer at the same time. */
  concurrency: number;
  seed: number;
  load: SyntheticLoad | TraceLoad;
}

export interface SyntheticLoad {
  kind: "synthetic";
  users: number;
  zipfExponent: number;
  peakPerSecond: number;
  durationSeconds: number;
  waves: number;
}

export interface TraceLoad {
  kind: "trace";
  file: string;
  /** Seconds of the trace that pass in one second. */
  speed: number;
}

export type ParsedOptions =
  | { kind: "run"; options: TrafficOptions }
  | { kind: "help" }
  | { kind: "wrong"; message: string };

export const USAGE = `${called("traffic", "[options]")}      sends load to the gateway that ${START_COMMAND} runs

  --url URL             the gateway (default http://localhost:8787, or the port in PORT)
  --prefix PATH         path of the service (default /orders)
  --token-prefix TEXT   prefix of tokens (default demo-)
  --users N             number of users (default 5000)
  --zipf S              how uneven their load is: 0 is even, 1 is like the web (default 1)
  --rate N              requests per second at the peak (default 100)
  --minutes N           how long (default 10)
  --waves N             rises and falls of the load in that time (default 1)
  --trace FILE          instead: replay a trace, lines of "t,client,key"
  --speed N             seconds of the trace per second (default 60)
  --concurrency N       requests that may wait at the same time; more are skipped and counted (default 64)
  --seed N              the same seed sends the same requests (default 1)
  --allow-remote        allow a URL of another machine`;

const OPTIONS = {
  url: { type: "string" },
  prefix: { type: "string", default: "/orders" },
  "token-prefix": { type: "string", default: "demo-" },
  users: { type: "string" },
  zipf: { type: "string" },
  rate: { type: "string" },
  minutes: { type: "string" },
  waves: { type: "string" },
  trace: { type: "string" },
  speed: { type: "string" },
  concurrency: { type: "string" },
  seed: { type: "string" },
  "allow-remote": { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

const SYNTHETIC_ONLY = ["users", "zipf", "rate", "minutes", "waves"] as const;

class WrongOption extends Error {}

/** Reads the command line. The message for a wrong option says its name, what was found and what is allowed. */
export function parseTrafficOptions(args: string[], environment: { PORT?: string | undefined }): ParsedOptions {
  try {
    const { values } = parseArgs({ args, options: OPTIONS });
    if (values.help) return { kind: "help" };
    return { kind: "run", options: readOptions(values, environment) };
  } catch (error) {
    if (error instanceof WrongOption || isParseArgsError(error)) return { kind: "wrong", message: error.message };
    throw error;
  }
}

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];

function readOptions(values: Values, environment: { PORT?: string | undefined }): TrafficOptions {
  return {
    origin: readTarget(values.url ?? `http://localhost:${environment.PORT || 8787}`, values["allow-remote"]),
    prefix: readPrefix(values.prefix),
    tokenPrefix: readTokenPrefix(values["token-prefix"]),
    concurrency: readNumber("concurrency", values.concurrency, 64, { from: 1, to: 1000, whole: true }),
    seed: readNumber("seed", values.seed, 1, { from: 0, to: 2 ** 32 - 1, whole: true }),
    load: values.trace === undefined ? readSynthetic(values) : readTrace(values, values.trace),
  };
}

function readSynthetic(values: Values): SyntheticLoad {
  if (values.speed !== undefined) throw new WrongOption("--speed needs a --trace FILE whose time it compresses.");
  return {
    kind: "synthetic",
    users: readNumber("users", values.users, 5000, { from: 1, to: 5_000_000, whole: true }),
    zipfExponent: readNumber("zipf", values.zipf, 1, { from: 0, to: 5 }),
    peakPerSecond: readNumber("rate", values.rate, 100, { from: 0.1, to: 10_000 }),
    durationSeconds: 60 * readNumber("minutes", values.minutes, 10, { from: 0.05, to: 10_080 }),
    waves: readNumber("waves", values.waves, 1, { from: 1, to: 1000, whole: true }),
  };
}

function readTrace(values: Values, file: string): TraceLoad {
  const ignored = SYNTHETIC_ONLY.find((name) => values[name] !== undefined);
  if (ignored !== undefined) throw new WrongOption(`--${ignored} does not go with --trace: the trace decides that.`);
  return { kind: "trace", file, speed: readNumber("speed", values.speed, 60, { from: 0.01, to: 100_000 }) };
}

function readNumber(
  name: string,
  text: string | undefined,
  fallback: number,
  allowed: { from: number; to: number; whole?: boolean },
): number {
  if (text === undefined) return fallback;
  const number = text.trim() === "" ? Number.NaN : Number(text);
  if (number >= allowed.from && number <= allowed.to && (!allowed.whole || Number.isInteger(number))) return number;
  const kind = allowed.whole ? "a whole number" : "a number";
  throw new WrongOption(
    `--${name} is ${JSON.stringify(text)}; allowed is ${kind} from ${allowed.from} to ${allowed.to}.`,
  );
}

function readTarget(text: string, allowRemote: boolean): string {
  const read = readOrigin(text);
  if (!read.ok) throw new WrongOption(read.message);
  // Load on someone else's machine is an attack, so it needs an explicit option.
  if (!allowRemote && !isLoopback(read.url)) {
    throw new WrongOption(
      `--url is at ${read.url.hostname}, which is not this machine. If you may put load on it: --allow-remote.`,
    );
  }
  return read.url.origin;
}

function readPrefix(text: string): string {
  if (!/^\/[A-Za-z0-9\-._~/]*$/.test(text)) {
    throw new WrongOption(
      `--prefix is ${JSON.stringify(text)}; allowed is a path that begins with a slash, such as /orders.`,
    );
  }
  return text.replace(/\/+$/, "");
}

function readTokenPrefix(text: string): string {
  if (!/^[A-Za-z0-9\-._~+/]*$/.test(text)) {
    throw new WrongOption(`--token-prefix is ${JSON.stringify(text)}; allowed are letters, digits and - . _ ~ + /`);
  }
  return text;
}

function isParseArgsError(error: unknown): error is Error {
  return error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}

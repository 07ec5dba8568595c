import { parseArgs } from "node:util";
import { CONFIG_LIMITS } from "../../config/configuration-limits.ts";
import { DEFAULT_HARD_LIMIT_BYTES } from "../../config/schema/restart.ts";
import { oneOf } from "../../config/suggest.ts";
import type { Stages } from "../../wasm/host/index.ts";
import { called } from "../called.ts";

/** Stages besides the request's head, with the names of `stages` in `gateway.config.ts`. Only this command runs trailers. */
export const STAGE_NAMES = [
  "request-body",
  "request-trailers",
  "response-headers",
  "response-body",
  "response-trailers",
] as const;
export type StageName = (typeof STAGE_NAMES)[number];

/** The fields of the host's `Stages` for these names. */
export const STAGE_KEYS = {
  "request-body": "requestBody",
  "request-trailers": "requestTrailers",
  "response-headers": "responseHeaders",
  "response-body": "responseBody",
  "response-trailers": "responseTrailers",
} as const satisfies Record<StageName, keyof Stages>;

/** Options of the commands that start the filter. */
export interface StartInput {
  /** The module. */
  readonly file: string;
  /** Texts for the filter, or names of files with these texts. */
  readonly configuration: string;
  readonly vmConfiguration: string;
  readonly rootId: string;
  readonly requestFile: string | undefined;
  readonly repliesFile: string | undefined;
  readonly json: boolean;
}

export interface CapOptions {
  readonly command: "cap";
  /** One or more. */
  readonly files: readonly string[];
  /** Undefined: the same files. Only with one file. */
  readonly outFile: string | undefined;
  /** Maximum of its memory. */
  readonly maximumBytes: number;
}

export interface InspectOptions extends StartInput {
  readonly command: "inspect";
  /** Requests driven to see how memory grows. */
  readonly requests: number;
}

export interface TryOptions extends StartInput {
  readonly command: "try";
  readonly responseFile: string | undefined;
  /** `all`: every stage the module exports. */
  readonly stages: readonly StageName[] | "all";
  readonly bodyWhileHeadersPaused: boolean;
  readonly bodyLimitBytes: number | undefined;
  readonly repeat: number;
}

export type ParsedFilterOptions =
  | { readonly kind: "run"; readonly options: InspectOptions | TryOptions | CapOptions }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly message: string };

export const USAGE = `${called("filter", "inspect FILE.wasm [options]")}   reports what a filter is, needs and does with memory
${called("filter", "try FILE.wasm [options]")}       sends one request through it, on the gateway's host
${called("filter", "cap FILE.wasm... [options]")}    sets the memory maximum of one filter or several

The first two start the filter, with
  --config TEXT|FILE      its plugin configuration: the text itself, or the name of an existing file. Out of Envoy's YAML or JSON,
                          or a WasmPlugin of Istio or Higress, it takes the configuration and the root ID; other YAML becomes JSON
  --vm-config TEXT|FILE   its VM configuration
  --root-id NAME          which plugin of the module (property plugin_root_id), and which of several in the file of --config
  --request FILE          JSON: method, path, authority, scheme, headers, body, trailers, attributes;
                          {n} in its texts becomes the number of the request, so that repeated ones differ
  --replies FILE          JSON: replies of the servers that the filter calls, a list of
                          { cluster, path?, status?, headers?, body?, delayMs?, fail?: "reset" | "timeout" }
  --json                  print the result as JSON

inspect, which exits with 1 if requests fail
  --requests N            requests to send to see how memory grows (default 10000, at most 5 seconds), and as often one and the
                          same: what grows then is a leak

try, which exits with 1 if the filter does not decide, or calls a cluster or function that is not there
  --response FILE         JSON: status, headers, body, trailers of the upstream's response
  --stages LIST           also run these: request-body, request-trailers, response-headers, response-body,
                          response-trailers, separated by commas; or all (that it exports). Default: only the request's head
  --body-while-paused     pass the body on while the head is paused, as Higress does and Envoy does not
  --body-limit BYTES      how much of a body the filter may hold back
  --repeat N              send the request N times and show how memory grows (default 1)

cap
  --maximum-bytes N       the maximum, a multiple of ${CONFIG_LIMITS.pageBytes}; keeps a lower one
                          (default ${DEFAULT_HARD_LIMIT_BYTES}, as restart.hardLimitBytes of a service)
  --out FILE              write another file, and leave this one unchanged

Filters run on a virtual clock: a reply's delay, a timeout and a tick take no real time.`;

const START_OPTIONS = {
  config: { type: "string", default: "" },
  "vm-config": { type: "string", default: "" },
  "root-id": { type: "string", default: "" },
  request: { type: "string" },
  replies: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

const INSPECT_OPTIONS = { ...START_OPTIONS, requests: { type: "string" } } as const;

const TRY_OPTIONS = {
  ...START_OPTIONS,
  response: { type: "string" },
  stages: { type: "string", default: "" },
  "body-while-paused": { type: "boolean", default: false },
  "body-limit": { type: "string" },
  repeat: { type: "string" },
} as const;

const CAP_OPTIONS = { "maximum-bytes": { type: "string" }, out: { type: "string" }, help: START_OPTIONS.help } as const;

const COMMANDS = ["inspect", "try", "cap"];
const MAX_REQUESTS = 10_000_000;
const MAX_BODY_BYTES = 64 * 1_024 * 1_024;

class WrongOption extends Error {}

const NO_FILTER = "The filter is missing: name a .wasm file.";

/** Reads the command line. The message for a wrong option says its name, what was found and what is allowed. */
export function parseFilterOptions(args: readonly string[]): ParsedFilterOptions {
  const [command, ...rest] = args;
  if (command === undefined || command === "--help" || command === "-h") return { kind: "help" };
  try {
    if (command === "inspect") return parseInspect(rest);
    if (command === "try") return parseTry(rest);
    if (command === "cap") return parseCap(rest);
    return {
      kind: "wrong",
      message: `${JSON.stringify(command)} is no command; allowed is ${oneOf(COMMANDS, command)}.`,
    };
  } catch (error) {
    if (error instanceof WrongOption || isParseArgsError(error)) return { kind: "wrong", message: error.message };
    throw error;
  }
}

function parseInspect(args: string[]): ParsedFilterOptions {
  const { values, positionals } = parseArgs({ args, options: INSPECT_OPTIONS, allowPositionals: true });
  if (values.help) return { kind: "help" };
  const requests = wholeNumber("requests", values.requests, 0, MAX_REQUESTS) ?? 10_000;
  return { kind: "run", options: { command: "inspect", ...startInput(values, positionals), requests } };
}

function parseTry(args: string[]): ParsedFilterOptions {
  const { values, positionals } = parseArgs({ args, options: TRY_OPTIONS, allowPositionals: true });
  if (values.help) return { kind: "help" };
  return {
    kind: "run",
    options: {
      command: "try",
      ...startInput(values, positionals),
      responseFile: values.response,
      stages: stagesOf(values.stages),
      bodyWhileHeadersPaused: values["body-while-paused"],
      bodyLimitBytes: wholeNumber("body-limit", values["body-limit"], 0, MAX_BODY_BYTES),
      repeat: wholeNumber("repeat", values.repeat, 1, MAX_REQUESTS) ?? 1,
    },
  };
}

function parseCap(args: string[]): ParsedFilterOptions {
  const { values, positionals } = parseArgs({ args, options: CAP_OPTIONS, allowPositionals: true });
  if (values.help) return { kind: "help" };
  const files = positionals.filter((file) => file !== "");
  if (files.length === 0) throw new WrongOption(NO_FILTER);
  if (files.length > 1 && values.out !== undefined) {
    throw new WrongOption(
      `--out names one file, and there are ${files.length} filters: cap each with a command of its own.`,
    );
  }
  if (values.out === "") throw new WrongOption('--out is ""; allowed is the name of the file to write.');
  return {
    kind: "run",
    options: {
      command: "cap",
      files,
      outFile: values.out,
      maximumBytes: wholePages("maximum-bytes", values["maximum-bytes"]) ?? DEFAULT_HARD_LIMIT_BYTES,
    },
  };
}

function startInput(
  values: {
    config: string;
    "vm-config": string;
    "root-id": string;
    request?: string | undefined;
    replies?: string | undefined;
    json: boolean;
  },
  positionals: readonly string[],
): StartInput {
  return {
    file: onlyFile(positionals),
    configuration: values.config,
    vmConfiguration: values["vm-config"],
    rootId: values["root-id"],
    requestFile: values.request,
    repliesFile: values.replies,
    json: values.json,
  };
}

function onlyFile([file, ...further]: readonly string[]): string {
  if (file === undefined || file === "") throw new WrongOption(NO_FILTER);
  if (further.length > 0) throw new WrongOption(`One filter at a time: ${JSON.stringify(further[0])} is one too many.`);
  return file;
}

function stagesOf(list: string): readonly StageName[] | "all" {
  if (list === "all") return "all";
  const names = list.split(",").map((name) => name.trim());
  return names.filter((name) => name !== "").map(stageNamed);
}

function stageNamed(name: string): StageName {
  const known = STAGE_NAMES.find((stage) => stage === name);
  if (known !== undefined) return known;
  if (name === "request-headers") {
    throw new WrongOption('--stages names "request-headers", which always runs: leave it out.');
  }
  throw new WrongOption(`--stages names ${JSON.stringify(name)}; allowed is ${oneOf(["all", ...STAGE_NAMES], name)}.`);
}

function wholeNumber(name: string, text: string | undefined, from: number, to: number): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= from && number <= to) return number;
  throw new WrongOption(`--${name} is ${JSON.stringify(text)}; allowed is a whole number from ${from} to ${to}.`);
}

/** A valid size of linear memory. */
function wholePages(name: string, text: string | undefined): number | undefined {
  const { pageBytes, maxInstanceBytes } = CONFIG_LIMITS;
  const bytes = wholeNumber(name, text, pageBytes, maxInstanceBytes);
  if (bytes === undefined || bytes % pageBytes === 0) return bytes;
  const below = bytes - (bytes % pageBytes);
  throw new WrongOption(
    `--${name} is ${text}, which is no multiple of ${pageBytes}; the nearest allowed are ${below} and ${below + pageBytes}.`,
  );
}

function isParseArgsError(error: unknown): error is Error {
  return error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}

import { PROXY_MODULE } from "../../wasm/host/function-catalog.ts";
import type { UnservedCall } from "../../wasm/host/index.ts";

/** What a filter asked for and this host or its configuration did not have. Names, each once. */
export interface Gaps {
  readonly unknownClusters: Set<string>;
  /** Functions that are not implemented, or that no version of the ABI defines. */
  readonly unimplemented: Set<string>;
  readonly foreignFunctions: Set<string>;
  /** Properties that no request would have made readable. */
  readonly properties: Set<string>;
}

export function noGaps(): Gaps {
  return {
    unknownClusters: new Set(),
    unimplemented: new Set(),
    foreignFunctions: new Set(),
    properties: new Set(),
  };
}

/** True if a request went on without something that may have been there to stop it. */
export function mayLeaveOpen({ unknownClusters, unimplemented, foreignFunctions }: Gaps): boolean {
  return unknownClusters.size + unimplemented.size + foreignFunctions.size > 0;
}

const KINDS = {
  cluster: "unknownClusters",
  function: "unimplemented",
  foreign_function: "foreignFunctions",
} as const satisfies Record<UnservedCall["what"], keyof Gaps>;

/** Of a name that is empty, far too long or no text. */
const UNREADABLE = "(a name that cannot be read)";

export function noteUnserved(gaps: Gaps, { what, name }: UnservedCall): void {
  add(gaps[KINDS[what]], name === "" ? UNREADABLE : name);
}

const NOT_FOUND = 1;

/** Notes a property that a call did not get. */
export function noteProperty(gaps: Gaps, name: string, status: number, asked: string | undefined): void {
  if (name !== "proxy_get_property" || status !== NOT_FOUND || asked === undefined) return;
  const property = dotted(asked);
  if (isNeverAnswered(property)) add(gaps.properties, property);
}

/** Adds what one request met to what all of them met. */
export function addGaps(all: Gaps, more: Gaps): void {
  for (const kind of Object.keys(all) as (keyof Gaps)[]) for (const name of more[kind]) add(all[kind], name);
}

/** A hostile filter can ask for ever new names, of any length. */
const MAX_NAMES = 100;
const MAX_NAME_LENGTH = 200;

function add(names: Set<string>, name: string): void {
  if (names.size < MAX_NAMES) names.add(name.slice(0, MAX_NAME_LENGTH));
}

/** Attributes of requests and responses that the host does not know; all others depend on the message. */
const UNKNOWN_OF_MESSAGES = ["request.protocol", "response.flags", "response.backend_latency"];

function isNeverAnswered(property: string): boolean {
  return UNKNOWN_OF_MESSAGES.includes(property) || !/^(request|response)\./.test(property);
}

/** NUL separates the segments; some SDKs end the last one with a NUL too. */
function dotted(path: string): string {
  return path.replace(/\0$/, "").replaceAll("\0", ".");
}

/** True for a call by which a filter does something, and does not only look for itself under its root ID. */
export function isWork(module: string, asked: string | undefined): boolean {
  return module === PROXY_MODULE && !isRootId(asked);
}

/** The property by which SDKs choose one of a module's plugins. */
export function isRootId(asked: string | undefined): boolean {
  return asked !== undefined && dotted(asked) === "plugin_root_id";
}

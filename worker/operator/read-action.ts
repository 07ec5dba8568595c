import type { Gateway } from "../../config/index.ts";

export interface ActionRequest {
  /** Undefined: all services. */
  readonly service?: string | undefined;
  /** Purge only: the credential whose decisions are purged. */
  readonly credential?: string | undefined;
  /** Restart only: report what it would free and cost, and restart nothing. */
  readonly dryRun?: boolean | undefined;
}

export type ParsedAction =
  | { readonly ok: true; readonly action: ActionRequest }
  | { readonly ok: false; readonly reason: string };

/** Fields and their types in the body of each action. */
export const ACTION_FIELDS = {
  restart: { service: "string", dryRun: "boolean" },
  purge: { service: "string", credential: "string" },
} as const;

/** Leaves room for the longest credential that the built-in filter accepts (8192 bytes). */
const MAX_BODY_BYTES = 16_384;

/**
 * Reads an operator's request. Refuses an empty body: it may be left from a request that was cut off. Refuses unknown
 * fields: an ignored field could have been the one that limits the action. Never throws; `reason` is for people.
 */
export async function readAction(
  request: Request,
  gateway: Gateway,
  action: keyof typeof ACTION_FIELDS,
): Promise<ParsedAction> {
  if (new URL(request.url).search !== "")
    return refused("the URL has a query string; put its fields into the JSON body");
  const allowed: Readonly<Record<string, string>> = ACTION_FIELDS[action];
  const text = await textOf(request).catch(() => undefined);
  if (text === undefined) return refused(`the body was cut off, has more than ${MAX_BODY_BYTES} bytes or is not UTF-8`);
  const fields = objectIn(text);
  if (fields === undefined) {
    const shown = Object.keys(allowed).map((name) => `"${name}": …`);
    return refused(`the body is not a JSON object; allowed: {${shown.join(", ")}}, each optional, {} for all`);
  }
  for (const [name, value] of Object.entries(fields)) {
    const type = Object.hasOwn(allowed, name) ? allowed[name] : undefined;
    if (type === undefined) return refused(`${name}: allowed are ${Object.keys(allowed).join(", ")}`);
    if (typeof value !== type) return refused(`${name}: found ${nounOf(value)}, allowed is a ${type}`);
  }
  const parsed = fields as ActionRequest;
  if (parsed.credential?.trim() === "") return refused("credential: found an empty string; leave it out to purge all");
  if (parsed.credential !== undefined && !/^[\x20-\x7e]+$/.test(parsed.credential.trim()))
    return refused("credential: found characters that no filter accepts; allowed are visible ASCII characters");
  if (parsed.service !== undefined && !gateway.services.some(({ name }) => name === parsed.service)) {
    const names = gateway.services.map(({ name }) => name).join(", ");
    return refused(`service: found ${JSON.stringify(parsed.service)}, allowed are ${names}`);
  }
  return { ok: true, action: parsed };
}

function refused(reason: string): ParsedAction {
  return { ok: false, reason };
}

/** The body as text. Undefined as soon as it proves too long; the rest is not read. */
async function textOf(request: Request): Promise<string | undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let text = "";
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength;
    if (length > MAX_BODY_BYTES) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function objectIn(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function nounOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

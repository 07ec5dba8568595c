import type { Gateway } from "../../config/index.ts";
import type { VisibleServices } from "../../config/operator-tokens.ts";
import { bodyText } from "./body-text.ts";

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
  /** The token does not open this service, which may not even exist. */
  | { readonly ok: false; readonly reason: "other_service" }
  /** The message is for people. */
  | { readonly ok: false; readonly reason: "bad_request"; readonly message: string };

/** Fields and their types in the body of each action. */
export const ACTION_FIELDS = {
  restart: { service: "string", dryRun: "boolean" },
  purge: { service: "string", credential: "string" },
} as const;

/** Leaves room for the longest credential that the built-in filter accepts (8192 bytes). */
const MAX_BODY_BYTES = 16_384;

/**
 * Reads an operator's request. Refuses an empty body: it may be left from a request that was cut off. Refuses unknown
 * fields: an ignored field could have been the one that limits the action. Never throws.
 *
 * @param gateway with the services that the request may act on
 */
export async function readAction(
  request: Request,
  gateway: Gateway,
  visible: VisibleServices,
  action: keyof typeof ACTION_FIELDS,
): Promise<ParsedAction> {
  if (new URL(request.url).search !== "")
    return refused("the URL has a query string; put its fields into the JSON body");
  const allowed: Readonly<Record<string, string>> = ACTION_FIELDS[action];
  const text = await bodyText(request, MAX_BODY_BYTES);
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
  if (parsed.service !== undefined && visible !== "all" && !visible.includes(parsed.service)) {
    return { ok: false, reason: "other_service" };
  }
  if (parsed.service !== undefined && !gateway.services.some(({ name }) => name === parsed.service)) {
    const names = gateway.services.map(({ name }) => name).join(", ");
    return refused(`service: found ${JSON.stringify(parsed.service)}, allowed are ${names}`);
  }
  return { ok: true, action: parsed };
}

function refused(message: string): ParsedAction {
  return { ok: false, reason: "bad_request", message };
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

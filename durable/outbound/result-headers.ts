import { isCarriedUnchanged } from "../../config/claim-text.ts";
import type { HeaderList } from "../../wasm/host/index.ts";

/**
 * Headers that a result of OPA gives the client beside an allow: `response_headers_to_add`, as policies for Envoy have it, an object
 * or a list of objects, whose values are texts or lists of texts. Only the filter decides; this reads nothing but these headers.
 */

export const RESULT_LIMITS = {
  /** The filter takes no longer reply for a decision (`MAX_JSON_REPLY_BYTES`), so nothing is read in it. */
  replyBytes: 32_768,
  /** More lines for the client cannot be carried out; the filter has the same limit beside a denial (`MAX_TOLD_HEADERS`). */
  headers: 32,
} as const;

/** What such a result cannot be: an allow that cannot be carried out as it says lets nobody in. */
export const UNUSABLE = "unusable";

/**
 * The named headers, one for each value. `unusable` if one could not arrive as the result says, or if the reply is no JSON; the filter
 * may read less strictly.
 * @param names in lower case
 */
export function headersOfResult(names: readonly string[], body: Uint8Array): HeaderList | typeof UNUSABLE {
  if (body.byteLength > RESULT_LIMITS.replyBytes) return [];
  let reply: unknown;
  try {
    reply = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    return UNUSABLE;
  }
  const result = memberOf(reply, "result");
  // The filter refuses a result that has the decision twice, so that no two readers differ in it.
  if (memberOf(result, "allowed") !== true && memberOf(result, "allow") !== true) return [];
  const added = memberOf(result, "response_headers_to_add") ?? [];
  const given: HeaderList = [];
  for (const headers of Array.isArray(added) ? added : [added]) {
    if (headers === null) continue;
    if (!isObject(headers)) return UNUSABLE;
    for (const [rawName, value] of Object.entries(headers)) {
      const name = rawName.toLowerCase();
      if (!names.includes(name) || value === null) continue;
      for (const line of Array.isArray(value) ? value : [value]) {
        if (typeof line !== "string" || line === "" || !isCarriedUnchanged(line)) return UNUSABLE;
        if (given.length === RESULT_LIMITS.headers) return UNUSABLE;
        given.push([name, line]);
      }
    }
  }
  return given;
}

function memberOf(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

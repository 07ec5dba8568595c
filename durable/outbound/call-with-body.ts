import { BODY_DIGEST_HEADER, PARTIAL_BODY_HEADER } from "../../config/header-names.ts";
import type { FilterKind } from "../../config/index.ts";
import type { HeaderList, OutboundCall } from "../../wasm/host/index.ts";
import { bodyOfCall, isWhole, type SentBody } from "../request/sent-body.ts";

/**
 * Puts the first bytes of the request's body into a check, of which the filter knows only the name. Under forward-auth they are
 * the body of the call, as Envoy sends them; OPA gets them in its input, and AuthZEN in the context:
 *
 * body            the bytes as text, or
 * raw_body        in base64, if they are no text
 * truncated_body  whether more follow
 */
export function callWithBody(call: OutboundCall, filterKind: FilterKind): OutboundCall {
  const body = bodyOfCall(call);
  if (body === undefined || filterKind.kind !== "built-in") return call;
  switch (filterKind.authorization.protocol) {
    case "forward-auth":
      return { ...call, headers: [...call.headers, [PARTIAL_BODY_HEADER, String(!isWhole(body))]], body: body.bytes };
    case "opa":
      return asksInJson(call) ? withMembers(call, "input", body) : call;
    case "authzen":
      return asksInJson(call) ? withMembers(call, "context", body) : call;
    default:
      return call;
  }
}

/** The headers of a call, with what tells its body apart from others, for the statistics of questions. */
export function headersWithBody(call: Pick<OutboundCall, "headers" | "attributes">): HeaderList {
  const body = bodyOfCall(call);
  return body === undefined ? call.headers : [...call.headers, [BODY_DIGEST_HEADER, body.name]];
}

/** An introspection before the decision point is asked sends a form. */
function asksInJson({ headers }: OutboundCall): boolean {
  return headers.some(([name, value]) => name === "content-type" && value === "application/json");
}

/** The filter has written the question, so its form is known. */
function withMembers(call: OutboundCall, member: "input" | "context", body: SentBody): OutboundCall {
  const question = JSON.parse(new TextDecoder().decode(call.body)) as Record<string, Record<string, unknown>>;
  const { headers, ...rest } = question[member] ?? {};
  const { [BODY_DIGEST_HEADER]: _, ...sent } = (headers ?? {}) as Record<string, string>;
  const members = { ...rest, headers: sent, ...readable(body), truncated_body: !isWhole(body) };
  const text = JSON.stringify({ ...question, [member]: members });
  return { ...call, body: new Uint8Array(new TextEncoder().encode(text)) };
}

/** Characters that JSON writes with six: a body full of them would become a call that is too long. */
const OTHER_CONTROLS = /[^\P{Cc}\t\n\r]/u;

function readable({ bytes, name }: SentBody): { body: string } | { raw_body: string } {
  try {
    // A character that was cut at the end is left out.
    const stream = !isWhole({ bytes, name });
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream });
    if (!OTHER_CONTROLS.test(text)) return { body: text };
  } catch {
    // No text.
  }
  return { raw_body: base64(bytes) };
}

/** In parts: a call takes a limited number of arguments. */
function base64(bytes: Uint8Array<ArrayBuffer>): string {
  const PART = 8_192;
  let text = "";
  for (let at = 0; at < bytes.length; at += PART) text += String.fromCharCode(...bytes.subarray(at, at + PART));
  return btoa(text);
}

import type { Service } from "../../config/index.ts";
import type { HeaderList, OutboundCall, OutboundResult } from "../../wasm/host/index.ts";
import { headersOfResult, UNUSABLE } from "./result-headers.ts";

/**
 * Headers of an allow that go to the client (`clientHeaders`). They belong to the one request that made the call, so they do not go
 * through the filter, which shares and keeps decisions: the request takes a place for them along as an attribute of its stream.
 */

/** The attribute with the place. Filters cannot name a symbol, so none can read it. */
export const FOR_CLIENT_ATTRIBUTE = Symbol("for client");

/** What one request's client gets besides the upstream's response. */
export class ForClient {
  headers: HeaderList = [];
}

export interface ClientHeaders {
  /** In lower case; empty for most services. */
  readonly names: readonly string[];
  /** Where they are: among the reply's own headers, or in the result of OPA that it carries. */
  readonly in: "reply" | "result";
}

export function clientHeadersOf({ filterKind }: Pick<Service, "filterKind">): ClientHeaders {
  const authorization = filterKind.kind === "built-in" ? filterKind.authorization : undefined;
  switch (authorization?.protocol) {
    case "forward-auth":
      return { names: authorization.clientHeaders, in: "reply" };
    case "opa":
      return { names: authorization.clientHeaders ?? [], in: "result" };
    default:
      return { names: [], in: "reply" };
  }
}

/** The reply's headers that its client gets: of an allow only. */
export function headersForClient(names: readonly string[], result: OutboundResult): HeaderList {
  if (names.length === 0 || !result.ok || !allows(result.headers)) return [];
  return result.headers.filter(([name, value]) => names.includes(name) && isSendable(value));
}

/**
 * Puts the reply's headers for the client in the place of the request that made the call, in place of those of an earlier call. The
 * filter, which knows nothing of them, must not keep such a decision: it learns that from `Vary: *`, and knows it of a reply's own
 * `Set-Cookie`. A result with headers that cannot arrive as it says reaches it without its body, so it is malformed.
 */
export function givenToClient(
  clientHeaders: ClientHeaders,
  call: CallOfRequest,
  result: OutboundResult,
): OutboundResult {
  const { names, in: where } = clientHeaders;
  if (names.length === 0) return result;
  const given = where === "reply" ? headersForClient(names, result) : headersInResult(names, call, result);
  const { attributes } = call;
  const place = (attributes as { readonly [FOR_CLIENT_ATTRIBUTE]?: ForClient } | undefined)?.[FOR_CLIENT_ATTRIBUTE];
  if (place !== undefined) place.headers = given === UNUSABLE ? [] : given;
  if (!result.ok) return result;
  if (given === UNUSABLE) return { ...result, body: new Uint8Array(0) };
  if (given.length === 0 || (where === "reply" && given.every(([name]) => name === "set-cookie"))) return result;
  return { ...result, headers: [...result.headers, ["vary", "*"]] };
}

type CallOfRequest = Pick<OutboundCall, "attributes" | "headers">;

/** Of the decision itself: a call that comes before it, for the subject, sends a form. Only a 200 is a decision. */
function headersInResult(
  names: readonly string[],
  { headers }: CallOfRequest,
  result: OutboundResult,
): HeaderList | typeof UNUSABLE {
  const isDecision = headers.some(([name, value]) => name === "content-type" && value === "application/json");
  if (!isDecision || !result.ok || statusOf(result.headers) !== "200") return [];
  return headersOfResult(names, result.body);
}

function allows(headers: HeaderList): boolean {
  return statusOf(headers)?.startsWith("2") ?? false;
}

function statusOf(headers: HeaderList): string | undefined {
  return headers.find(([name]) => name === ":status")?.[1];
}

/** U+FFFD stands for bytes that the runtime could not read; a changed cookie is none. */
function isSendable(value: string): boolean {
  return !/[\p{Cc}\ufffd]/u.test(value.replaceAll("\t", " "));
}

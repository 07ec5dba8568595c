import { isConnectionHeader } from "../../config/header-names.ts";
import { type HeaderList, HOST_LIMITS, type OutboundCall } from "../../wasm/host/index.ts";
import { sleep } from "../runtime/async.ts";
import { boundedBody } from "./bounded-body.ts";
import { ImpossibleCall } from "./impossible-call.ts";
import { isRefusedCall } from "./refused-call.ts";

/** Sends one request and rejects if there is no answer: `fetch` of a service binding or of the platform. */
export type Send = (request: Request) => Promise<Response>;

export type CallOutcome =
  | { readonly kind: "answer"; readonly status: number; readonly headers: HeaderList; readonly body: Uint8Array }
  /** The request could not be built, or its reply not accepted: that says nothing about the server. */
  | { readonly kind: "rejected"; readonly why: string }
  /** Nothing answered. */
  | { readonly kind: "silence" };

/**
 * Sends one request and reads its whole reply. Never rejects.
 * @param isQuestion the call changes nothing, whatever its method, so it may be repeated
 */
export async function sendCall(
  call: OutboundCall,
  baseUrl: string,
  send: Send,
  signal: AbortSignal,
  isQuestion: boolean,
): Promise<CallOutcome> {
  const first = await attempt(call, baseUrl, send, signal);
  if (first.kind !== "silence" || !(isQuestion || isSafe(call))) return first;
  await beforeRepeat();
  return signal.aborted ? first : attempt(call, baseUrl, send, signal);
}

/**
 * Wait before a repeat. If the server closes a kept-alive connection just as we reuse it, the request fails although the server
 * is well, so it is repeated once. Not at once: a restarting server closes all connections, and we may not know that yet.
 */
export function beforeRepeat(): Promise<void> {
  return sleep(10);
}

async function attempt(call: OutboundCall, baseUrl: string, send: Send, signal: AbortSignal): Promise<CallOutcome> {
  // A client's input can make a call impossible to send; that must not look like a server that is down.
  const request = buildRequest(call, baseUrl, signal);
  if (typeof request === "string") return { kind: "rejected", why: request };
  try {
    const response = await send(request);
    const body = await boundedBody(response, HOST_LIMITS.callReplyBodyBytes);
    if (body === undefined)
      return { kind: "rejected", why: `a reply body of more than ${HOST_LIMITS.callReplyBodyBytes} bytes` };
    return { kind: "answer", status: response.status, headers: headersOf(response), body };
  } catch (error) {
    // Our own mistake and the platform's limit on calls say nothing about the server; all other errors (refused, reset, a bad
    // reply line) mean no answer.
    if (error instanceof ImpossibleCall) return { kind: "rejected", why: error.message };
    if (isRefusedCall(error)) return { kind: "rejected", why: "the exported AuthorizationCalls refuses it" };
    return String(error).includes("subrequests")
      ? { kind: "rejected", why: "the platform's limit on calls" }
      : { kind: "silence" };
  }
}

/** Safe methods only (RFC 9110 9.2.1): another filter's POST may have an effect, and must not have it twice. */
function isSafe(call: OutboundCall): boolean {
  const method = call.headers.find(([name]) => name === ":method")?.[1] ?? "GET";
  return method === "GET" || method === "HEAD";
}

/**
 * Builds the request of a call, or says why it is not sent. That text is a kind of failure in the log, so nothing in it comes
 * from a client. The tools for trying a filter refuse the same calls.
 */
export function buildRequest(
  { headers: lines, body }: Pick<OutboundCall, "headers" | "body">,
  baseUrl: string,
  signal: AbortSignal | null = null,
): Request | string {
  const headers = new Headers();
  let method = "GET";
  let path = "/";
  let headBytes = 0;
  for (const [name, value] of lines) {
    headBytes += name.length + value.length;
    if (headBytes > HOST_LIMITS.callHeadBytes) return `a head of more than ${HOST_LIMITS.callHeadBytes} bytes`;
    if (name === ":method") method = value;
    else if (name === ":path") path = value;
    // `Upgrade` would make `fetch` send GET, whatever the method; a filter may have copied it from its client.
    else if (!name.startsWith(":") && !isConnectionHeader(name) && !appended(headers, name, value))
      return "an invalid header";
  }
  // Joined as text: resolving "//host/…" as a reference would let a guest choose another host. So would "@host".
  if (!path.startsWith("/")) return "a path that does not begin with a slash";
  const isEmpty = body.byteLength === 0;
  if (!isEmpty && (method === "GET" || method === "HEAD")) return `${method} with a body`;
  const init = { method, headers, body: isEmpty ? null : body, signal, redirect: "manual", cache: "no-store" } as const;
  try {
    return new Request(baseUrl + path, init);
  } catch {
    return "an invalid method or path";
  }
}

function appended(headers: Headers, name: string, value: string): boolean {
  try {
    headers.append(name, value);
    return true;
  } catch {
    return false;
  }
}

function headersOf(response: Response): HeaderList {
  const headers: HeaderList = [[":status", String(response.status)]];
  for (const [name, value] of response.headers) {
    if (name !== "set-cookie") headers.push([name, value]);
  }
  for (const cookie of response.headers.getSetCookie()) headers.push(["set-cookie", cookie]);
  return headers;
}

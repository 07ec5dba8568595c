import { isConnectionHeader } from "../../config/header-names.ts";
import { type HeaderList, HOST_LIMITS, type OutboundCall } from "../../wasm/host/index.ts";

/** Sends one request; rejects where no answer came. `fetch` of a service binding or of the platform. */
export type Send = (request: Request) => Promise<Response>;

export type CallOutcome =
  | { readonly kind: "answer"; readonly status: number; readonly headers: HeaderList; readonly body: Uint8Array }
  /** The request could not be built or its reply not be taken: that says nothing about the server. */
  | { readonly kind: "rejected"; readonly why: string }
  /** Nothing answered. */
  | { readonly kind: "silence" };

/**
 * One request and its whole reply. Never rejects.
 * @param isQuestion the call changes nothing, whatever its method, and may be repeated
 */
export async function sendCall(
  call: OutboundCall,
  baseUrl: string,
  send: Send,
  signal: AbortSignal,
  isQuestion: boolean,
): Promise<CallOutcome> {
  const first = await attempt(call, baseUrl, send, signal);
  // A kept-alive connection that the server closes as it is used again fails the request although the server is well.
  return first.kind === "silence" && (isQuestion || isSafe(call)) && !signal.aborted
    ? attempt(call, baseUrl, send, signal)
    : first;
}

async function attempt(call: OutboundCall, baseUrl: string, send: Send, signal: AbortSignal): Promise<CallOutcome> {
  // What a client sent can make a call that cannot be sent; it must not look like a server that is down.
  const why = whyNotSent(call);
  if (why !== undefined) return { kind: "rejected", why };
  let request: Request;
  try {
    request = requestOf(call, baseUrl, signal);
  } catch {
    return { kind: "rejected", why: "a method, path or header that no request can have" };
  }
  try {
    const response = await send(request);
    const body = await boundedBody(response);
    if (body === undefined)
      return { kind: "rejected", why: `a reply body of more than ${HOST_LIMITS.callReplyBodyBytes} bytes` };
    return { kind: "answer", status: response.status, headers: headersOf(response), body };
  } catch (error) {
    // The platform's bound on calls is ours; everything else (refused, reset, a bad reply line) is no answer.
    return String(error).includes("subrequests")
      ? { kind: "rejected", why: "the platform's bound on calls" }
      : { kind: "silence" };
  }
}

/** Safe methods only (RFC 9110 9.2.1): another filter's POST may do something, and must not do it twice. */
function isSafe(call: OutboundCall): boolean {
  const method = call.headers.find(([name]) => name === ":method")?.[1] ?? "GET";
  return method === "GET" || method === "HEAD";
}

/**
 * Why a call is not sent, or undefined if it is. Nothing in it comes from a client. The tools that try a filter refuse the
 * same calls.
 */
export function whyNotSent({ headers }: Pick<OutboundCall, "headers">): string | undefined {
  let headBytes = 0;
  for (const [name, value] of headers) headBytes += name.length + value.length;
  if (headBytes > HOST_LIMITS.callHeadBytes) return `a head of more than ${HOST_LIMITS.callHeadBytes} bytes`;
  // Joined as text: resolving "//host/…" as a reference would let a guest choose another host, as would "@host".
  const path = headers.find(([name]) => name === ":path")?.[1] ?? "/";
  return path.startsWith("/") ? undefined : "a path that does not begin with a slash";
}

/** @throws TypeError for a request that cannot be */
function requestOf(call: OutboundCall, baseUrl: string, signal: AbortSignal): Request {
  const headers = new Headers();
  let method = "GET";
  let path = "/";
  for (const [name, value] of call.headers) {
    if (name === ":method") method = value;
    else if (name === ":path") path = value;
    // `Upgrade` would make `fetch` send GET, whatever the method; a filter may have copied it from its client.
    else if (!name.startsWith(":") && !isConnectionHeader(name)) headers.append(name, value);
  }
  const body = call.body.byteLength > 0 ? call.body : null;
  return new Request(baseUrl + path, { method, headers, body, signal, redirect: "manual", cache: "no-store" });
}

function headersOf(response: Response): HeaderList {
  const headers: HeaderList = [[":status", String(response.status)]];
  for (const [name, value] of response.headers) {
    if (name !== "set-cookie") headers.push([name, value]);
  }
  for (const cookie of response.headers.getSetCookie()) headers.push(["set-cookie", cookie]);
  return headers;
}

/** The body, or undefined (and the connection given up) where it passes the limit. */
async function boundedBody(response: Response): Promise<Uint8Array | undefined> {
  if (response.body === null) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.byteLength;
    if (bytes > HOST_LIMITS.callReplyBodyBytes) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
  if (chunks.length === 1) return chunks[0]!;
  const body = new Uint8Array(bytes);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return body;
}

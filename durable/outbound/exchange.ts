import { isConnectionHeader } from "../../config/header-names.ts";
import type { HeaderList, OutboundCall } from "../../wasm/host/index.ts";

/** Bounds of one request to an authorization server and of its reply. */
export const EXCHANGE_LIMITS = {
  /**
   * Bytes of path and headers. Servers answer longer heads with 431 and then cut the connection (Node beyond 16 KB, nginx
   * 8 KB a line): a client could make a server look dead that is not.
   */
  headBytes: 12 * 1_024,
  /** Bytes of one reply's body. An endless reply would otherwise fill the isolate that all services share. */
  replyBodyBytes: 256 * 1_024,
} as const;

/** Sends one request; rejects where no answer came. `fetch` of a service binding or of the platform. */
export type Send = (request: Request) => Promise<Response>;

export type Exchange =
  | { readonly kind: "answer"; readonly status: number; readonly headers: HeaderList; readonly body: Uint8Array }
  /** The request could not be built or its reply not be taken: that says nothing about the server. */
  | { readonly kind: "rejected" }
  /** Nothing answered. */
  | { readonly kind: "silence" };

/** One request and its whole reply. Never rejects. */
export async function exchange(
  call: OutboundCall,
  baseUrl: string,
  send: Send,
  signal: AbortSignal,
): Promise<Exchange> {
  const first = await attempt(call, baseUrl, send, signal);
  // A kept-alive connection that the server closes as it is used again fails the request although the server is well.
  return first.kind === "silence" && isRepeatable(call) && !signal.aborted
    ? attempt(call, baseUrl, send, signal)
    : first;
}

async function attempt(call: OutboundCall, baseUrl: string, send: Send, signal: AbortSignal): Promise<Exchange> {
  let request: Request;
  try {
    request = requestOf(call, baseUrl, signal);
  } catch {
    // What a client sent can make a request that cannot be built; it must not look like a server that is down.
    return { kind: "rejected" };
  }
  try {
    const response = await send(request);
    const body = await boundedBody(response);
    if (body === undefined) return { kind: "rejected" };
    return { kind: "answer", status: response.status, headers: headersOf(response), body };
  } catch (error) {
    // The platform's bound on calls is ours; everything else (refused, reset, a bad reply line) is no answer.
    return String(error).includes("subrequests") ? { kind: "rejected" } : { kind: "silence" };
  }
}

/** Safe methods only (RFC 9110 9.2.1): another filter's POST may do something, and must not do it twice. */
function isRepeatable(call: OutboundCall): boolean {
  const method = call.headers.find(([name]) => name === ":method")?.[1] ?? "GET";
  return method === "GET" || method === "HEAD";
}

/** @throws TypeError or RangeError for a request that no server should be sent */
function requestOf(call: OutboundCall, baseUrl: string, signal: AbortSignal): Request {
  const headers = new Headers();
  let method = "GET";
  let path = "/";
  let headBytes = 0;
  for (const [name, value] of call.headers) {
    headBytes += name.length + value.length;
    if (name === ":method") method = value;
    else if (name === ":path") path = value;
    // `Upgrade` would make `fetch` send GET, whatever the method; a filter may have copied it from its client.
    else if (!name.startsWith(":") && !isConnectionHeader(name)) headers.append(name, value);
  }
  if (headBytes > EXCHANGE_LIMITS.headBytes) throw new RangeError(`the head has ${headBytes} bytes`);
  // Joined as text: resolving "//host/…" as a reference would let a guest choose another host, as would "@host".
  if (!path.startsWith("/")) throw new TypeError("the path does not begin with a slash");
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
    if (bytes > EXCHANGE_LIMITS.replyBodyBytes) {
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

import type { Service } from "../config/index.ts";
import type { Env } from "../durable/environment.ts";
import type { ClientInfo } from "./client-info.ts";
import type { Target } from "./request-target.ts";

/**
 * A client's request. Both the decision and the request to the upstream use these values: `fetch` interprets a `Request` in
 * its own way, and the two must not differ.
 */
export interface Incoming {
  readonly request: Request;
  /** As in the request. To read them there is a call into the platform each time. */
  readonly url: string;
  readonly method: string;
  readonly env: Env;
  /** For a handler in this Worker. */
  readonly ctx: ExecutionContext;
  readonly service: Service;
  /** Without credentials in the query. */
  readonly target: Target;
  /** The query with them. */
  readonly receivedQuery: string;
  readonly client: ClientInfo;
  /** Null if the client sent none. */
  readonly body: ReadableStream | null;
  /** The request has no body stream at all, not even an empty one. */
  readonly hasNoStream: boolean;
  /** A GET that asks for a WebSocket; it may be sent on as a handshake. */
  readonly asksWebSocket: boolean;
}

/**
 * The body, or null if there is none. The runtime turns `Content-Length: 0`, which some clients send with a GET, into an
 * empty stream. If there is a `Transfer-Encoding`, the runtime drops the length (RFC 9112 6.3).
 */
export function bodyOf({ body, headers }: Pick<Request, "body" | "headers">): Request["body"] {
  if (body === null) return null;
  const length = headers.get("content-length");
  return length !== null && /^0+$/.test(length) ? null : body;
}

/**
 * Whether the request begins a WebSocket (RFC 6455 4.1): a GET without a body. `fetch` ignores the method of a request
 * with `Upgrade: websocket` and sends GET, so on any other request the header stops here, before anything is decided.
 */
export function asksWebSocket(method: string, headers: Headers, body: Request["body"]): boolean {
  return method === "GET" && body === null && headers.get("upgrade")?.toLowerCase() === "websocket";
}

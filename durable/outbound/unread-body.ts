import type { Service } from "../../config/index.ts";
import type { Send } from "./send-call.ts";

export const UNREAD_BODY_LIMITS = {
  /** A body up to this size is read to its end, so the connection can be reused. */
  drainedBytes: 64 * 1_024,
  /** Limit for a body that does not state its length. A longer one may be endless. */
  undeclaredBytes: 16 * 1_024 * 1_024,
} as const;

/** Whether the service's filter ignores the body of a server's yes: forward-auth decides by status and headers alone. */
export function ignoresBodyOfAllow({ filterKind }: Pick<Service, "filterKind">): boolean {
  return filterKind.kind === "built-in" && filterKind.authorization.protocol === "forward-auth";
}

/** Drops the bodies of 2xx replies, which may be large. A body that may be endless stays, and the limit on replies applies. */
export function withoutBodyOfAllow(send: Send): Send {
  return async (request) => {
    const response = await send(request);
    if (!response.ok || response.body === null) return response;
    const isDeclared = response.headers.has("content-length");
    const { drainedBytes, undeclaredBytes } = UNREAD_BODY_LIMITS;
    const isAtEnd = await drain(response.body, isDeclared ? drainedBytes : undeclaredBytes);
    if (!isAtEnd && !isDeclared) return response;
    if (!isAtEnd) await response.body.cancel();
    return new Response(null, { status: response.status, headers: response.headers });
  };
}

/** Reads at most slightly more than `limitBytes`; true if the body ended. */
async function drain(body: ReadableStream<Uint8Array>, limitBytes: number): Promise<boolean> {
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  for (let bytes = 0; bytes <= limitBytes; ) {
    const { done, value } = await reader.read();
    if (done) return true;
    bytes += value.byteLength;
  }
  reader.releaseLock();
  return false;
}

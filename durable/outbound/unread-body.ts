import type { Service } from "../../config/index.ts";
import type { Send } from "./exchange.ts";

/** A body up to this size is read to its end, which lets the connection be used again; one that is longer is cut off. */
const DRAINED_BYTES = 64 * 1_024;

/** Whether the service's filter decides by status and headers alone where a server says yes: forward-auth. */
export function ignoresBodyOfAllow({ filterKind }: Service): boolean {
  return filterKind.kind === "built-in" && filterKind.authorization.protocol === "forward-auth";
}

/** Leaves out the bodies of 2xx replies, which may then be of any size. */
export function withoutBodyOfAllow(send: Send): Send {
  return async (request) => {
    const response = await send(request);
    if (!response.ok || response.body === null) return response;
    await drain(response.body);
    return new Response(null, { status: response.status, headers: response.headers });
  };
}

async function drain(body: ReadableStream<Uint8Array>): Promise<void> {
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  for (let bytes = 0; bytes <= DRAINED_BYTES; ) {
    const { done, value } = await reader.read();
    if (done) return;
    bytes += value.byteLength;
  }
  await reader.cancel();
}

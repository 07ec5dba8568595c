import { sentBodyOf } from "../config/decision-key.ts";
import { BODY_DIGEST_HEADER } from "../config/header-names.ts";
import type { Service } from "../config/index.ts";
import { encodeBodyName } from "../durable/request/sent-body.ts";
import type { Incoming } from "./incoming.ts";

/** How long a client may take for the bytes that a check sees. Until then the request holds memory, and nobody has let it in. */
const MAX_WAIT_MS = 10_000;

/** What the object is told of a request's body. */
export interface FirstBytes {
  readonly bytes: Uint8Array;
  /** For the filter, which keeps decisions by it; it sees no body. */
  readonly headers: Readonly<Record<string, string>>;
}

type SeenBody =
  /** `body` is the whole one, for the upstream. */
  | { readonly kind: "seen"; readonly first: FirstBytes; readonly body: ReadableStream }
  /** The client did not send it in time, or broke off. */
  | {
      readonly kind: "incomplete";
      readonly reason: "body_too_slow" | "body_incomplete";
      readonly body: ReadableStream;
    };

/** What is said of a request without a body, in place of what a client says. */
const NO_BODY: Readonly<Record<string, null>> = { [BODY_DIGEST_HEADER]: null };

export function saidOfNoBody(service: Pick<Service, "filterKind">): Readonly<Record<string, null>> | undefined {
  return sentOf(service) === undefined ? undefined : NO_BODY;
}

function sentOf({ filterKind }: Pick<Service, "filterKind">) {
  return filterKind.kind === "built-in" ? sentBodyOf(filterKind.authorization) : undefined;
}

/**
 * Reads the first bytes of a body that the check shall see, and keeps the whole body for the upstream. Undefined if the request has
 * none, or no check sees it.
 */
export function readFirstBytes({ service, body, request }: Incoming): Promise<SeenBody> | undefined {
  const sent = sentOf(service);
  return sent === undefined || body === null ? undefined : firstBytes(body, sent.maxBytes, request.headers);
}

async function firstBytes(body: ReadableStream, maxBytes: number, head: Headers): Promise<SeenBody> {
  const [seen, whole]: [ReadableStream<Uint8Array>, ReadableStream<Uint8Array>] = body.tee();
  const reader = seen.getReader();
  const reading = read(reader, maxBytes, declaredLength(head)).catch(() => "body_incomplete" as const);
  const { promise: late, resolve } = Promise.withResolvers<"body_too_slow">();
  // Never cleared: a cleared timer leaks native memory (deadline-timer.ts), and this one is short.
  setTimeout(() => resolve("body_too_slow"), MAX_WAIT_MS);
  const found = await Promise.race([reading, late]);
  reader.cancel().catch(() => {});
  if (typeof found === "string") return { kind: "incomplete", reason: found, body: whole };
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", found.bytes));
  const headers = { [BODY_DIGEST_HEADER]: encodeBodyName({ digest, isWhole: found.isWhole }) };
  return { kind: "seen", first: { bytes: found.bytes, headers }, body: whole };
}

/** Undefined if the body's end is only known when it comes. The runtime has dropped the length of a chunked one. */
function declaredLength(headers: Headers): number | undefined {
  const length = headers.get("content-length");
  return length !== null && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}

async function read(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  maxBytes: number,
  length: number | undefined,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; isWhole: boolean }> {
  const bytes = new Uint8Array(length === undefined ? maxBytes : Math.min(length, maxBytes));
  for (let at = 0; ; ) {
    if (length !== undefined && at === bytes.length) return { bytes, isWhole: length <= maxBytes };
    const { done, value } = await reader.read();
    if (done) return { bytes: bytes.slice(0, at), isWhole: true };
    if (at + value.length > bytes.length) {
      bytes.set(value.subarray(0, bytes.length - at), at);
      return { bytes, isWhole: false };
    }
    bytes.set(value, at);
    at += value.length;
  }
}

import type { OutboundCall } from "../../wasm/host/index.ts";

/** What differs from call to call although the question is the same. */
interface VolatileParts {
  /** Headers, in lower case. */
  readonly headers: ReadonlySet<string>;
  /** Members of a JSON body in which such headers are sent. */
  readonly members: RegExp | undefined;
}

const ALWAYS_VOLATILE = [
  "x-request-id",
  "x-correlation-id",
  "traceparent",
  "tracestate",
  "x-b3-traceid",
  "x-b3-spanid",
  "x-b3-parentspanid",
  "date",
  "content-length",
];

/** @param unkeyedHeaders headers of clients that no decision depends on, in lower case */
export function volatileParts(unkeyedHeaders: readonly string[]): VolatileParts {
  return {
    headers: new Set([...ALWAYS_VOLATILE, ...unkeyedHeaders]),
    members:
      unkeyedHeaders.length === 0
        ? undefined
        : new RegExp(`,?"(?:${unkeyedHeaders.join("|")})":"(?:[^"\\\\]|\\\\.)*"`, "g"),
  };
}

const USUAL = volatileParts([]);

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const SEPARATOR = 0xff;

/**
 * A hash of all that makes two outbound calls equal: cluster, headers and body. 32 bits, unsigned. For statistics only.
 * @param salt a number of the object, so that clients cannot choose what collides
 */
export function questionOf(
  { cluster, headers, body }: Pick<OutboundCall, "cluster" | "headers" | "body">,
  salt: number,
  volatile = USUAL,
): number {
  let hash = withText(FNV_OFFSET ^ salt, cluster);
  for (const [name, value] of headers) {
    if (!volatile.headers.has(name.toLowerCase())) hash = withText(withText(hash, name), value);
  }
  for (const byte of withoutMembers(body, volatile.members)) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return mixed(hash);
}

function withoutMembers(body: Uint8Array, members: RegExp | undefined): Uint8Array {
  if (members === undefined) return body;
  return new TextEncoder().encode(new TextDecoder().decode(body).replace(members, ""));
}

function withText(hash: number, text: string): number {
  let next = hash;
  for (let index = 0; index < text.length; index += 1) next = Math.imul(next ^ text.charCodeAt(index), FNV_PRIME);
  return Math.imul(next ^ SEPARATOR, FNV_PRIME);
}

/** Spreads the differences over all bits (the finalizer of MurmurHash3): questions are sampled by their highest ones. */
function mixed(hash: number): number {
  let next = hash;
  next = Math.imul(next ^ (next >>> 16), 0x85ebca6b);
  next = Math.imul(next ^ (next >>> 13), 0xc2b2ae35);
  return (next ^ (next >>> 16)) >>> 0;
}

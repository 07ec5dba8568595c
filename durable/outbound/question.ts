import type { OutboundCall } from "../../wasm/host/index.ts";

/** Headers that differ from call to call although the question is the same. */
const VOLATILE: ReadonlySet<string> = new Set([
  "x-request-id",
  "x-correlation-id",
  "traceparent",
  "tracestate",
  "x-b3-traceid",
  "x-b3-spanid",
  "x-b3-parentspanid",
  "date",
  "content-length",
]);

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
): number {
  let hash = withText(FNV_OFFSET ^ salt, cluster);
  for (const [name, value] of headers) {
    if (!VOLATILE.has(name.toLowerCase())) hash = withText(withText(hash, name), value);
  }
  for (const byte of body) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return mixed(hash);
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

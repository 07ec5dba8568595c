import type { RequestInput } from "./input-schema.ts";

const PLACE = "{n}";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The `number`-th request of a series: `{n}` in its texts becomes the number. */
export function numbered(request: RequestInput, number: number): RequestInput {
  const fill = (text: string): string => text.replaceAll(PLACE, String(number));
  return {
    ...request,
    path: fill(request.path),
    authority: fill(request.authority),
    headers: request.headers.map(([name, value]) => [name, fill(value)]),
    trailers: request.trailers.map(([name, value]) => [name, fill(value)]),
    body: request.body.map((chunk) => fillBytes(chunk, fill)),
    attributes: Object.fromEntries(
      Object.entries(request.attributes).map(([path, value]) => [
        path,
        typeof value === "string" ? fill(value) : value,
      ]),
    ),
  };
}

/** True if the requests of a series differ. */
export function isNumbered({ path, authority, headers, trailers, body, attributes }: RequestInput): boolean {
  const values = [...headers, ...trailers].map(([, value]) => value);
  const texts = [path, authority, ...values, ...Object.values(attributes).map(String)];
  return texts.some((text) => text.includes(PLACE)) || body.some((chunk) => Buffer.from(chunk).includes(PLACE));
}

/** Leaves bytes without `{n}` unchanged. */
function fillBytes(chunk: Uint8Array, fill: (text: string) => string): Uint8Array {
  return Buffer.from(chunk).includes(PLACE) ? encoder.encode(fill(decoder.decode(chunk))) : chunk;
}

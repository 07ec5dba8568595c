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

/** Leaves bytes without `{n}` unchanged. */
function fillBytes(chunk: Uint8Array, fill: (text: string) => string): Uint8Array {
  return Buffer.from(chunk).includes(PLACE) ? encoder.encode(fill(decoder.decode(chunk))) : chunk;
}

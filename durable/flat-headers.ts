import type { HeaderList } from "../wasm/host/index.ts";

/** Headers as sent over RPC: `name, value, name, value, …`. They cost half as much to serialize as pairs. */
export type FlatHeaders = readonly string[];

export function flattenHeaders(headers: Iterable<readonly [name: string, value: string]>): string[] {
  const flat: string[] = [];
  for (const [name, value] of headers) flat.push(name, value);
  return flat;
}

/** The pairs of flat headers, appended to `pairs`, which it returns. A name without a value is dropped. */
export function unflattenHeaders(flat: FlatHeaders, pairs: HeaderList = []): HeaderList {
  for (let index = 0; index + 1 < flat.length; index += 2) pairs.push([flat[index]!, flat[index + 1]!]);
  return pairs;
}

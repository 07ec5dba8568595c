/** A result as JSON: bytes as text if they are UTF-8, else as base64. */
export function jsonOf(result: unknown): string {
  return JSON.stringify(result, (_key, value: unknown) => plain(value), 2);
}

function plain(value: unknown): unknown {
  if (value instanceof Set) return [...value];
  if (value instanceof Map) return Object.fromEntries(value);
  if (!(value instanceof Uint8Array)) return value;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return { base64: Buffer.from(value).toString("base64") };
  }
}

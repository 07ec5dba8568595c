import { messageOf, WrongInput } from "./wrong-input.ts";

/** A filter's configuration as a proxy's document has it. */
export interface PluginDocument {
  /** What the document is, such as `Istio WasmPlugin jwt-auth`. */
  readonly source: string;
  readonly name: string | undefined;
  readonly rootId: string | undefined;
  readonly plugin: Uint8Array;
  readonly vm: Uint8Array | undefined;
}

/** Text unchanged, nothing as nothing, anything else as JSON: as proxies give it to filters. */
export function jsonBytes(origin: string, value: unknown): Uint8Array {
  if (value === undefined || value === null) return utf8("");
  if (typeof value === "string") return utf8(value);
  try {
    return utf8(JSON.stringify(value));
  } catch (error) {
    throw new WrongInput(`${origin}: cannot be written as JSON: ${messageOf(error)}`);
  }
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

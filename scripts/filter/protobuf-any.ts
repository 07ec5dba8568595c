import { isPlainObject } from "../../config/schema/fields.ts";
import { jsonBytes, utf8 } from "./plugin-document.ts";
import { WrongInput } from "./wrong-input.ts";

/** A `google.protobuf.Any` in JSON or YAML. */
export interface Any {
  readonly "@type": string;
  readonly value?: unknown;
}

export function isAny(value: unknown): value is Any {
  return isPlainObject(value) && typeof value["@type"] === "string";
}

/**
 * What Envoy gives a filter for a configuration: StringValue and BytesValue without the wrapper, a Struct as JSON.
 * @throws WrongInput for other types, which Envoy gives in protobuf's binary form
 */
export function unwrapAny(origin: string, any: Any): Uint8Array {
  const type = any["@type"].split("/").at(-1);
  const { value } = any;
  switch (type) {
    case "google.protobuf.StringValue":
      if (typeof value === "string") return utf8(value);
      break;
    case "google.protobuf.BytesValue":
      if (typeof value === "string" && isBase64(value)) return Uint8Array.from(Buffer.from(value, "base64"));
      break;
    case "google.protobuf.Struct":
      if (isPlainObject(value)) return jsonBytes(origin, value);
      break;
    default:
      throw new WrongInput(
        `${origin}: has a configuration of type ${type}; allowed is google.protobuf.StringValue, BytesValue or Struct`,
      );
  }
  const wanted = type === "google.protobuf.Struct" ? "an object" : "a text";
  throw new WrongInput(`${origin}: a ${type} needs a field value with ${wanted}`);
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/_-]*={0,2}$/.test(text.replace(/\s/g, ""));
}

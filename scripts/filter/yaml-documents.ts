import { type Document, isScalar, type ParsedNode, parseAllDocuments, visit } from "yaml";
import { safeText } from "./text.ts";
import { messageOf, WrongInput } from "./wrong-input.ts";

/**
 * The documents of a YAML file as JavaScript values. What Envoy or Kubernetes would read as something else is refused.
 * @throws WrongInput
 */
export function yamlDocuments(origin: string, bytes: Uint8Array): unknown[] {
  // The library compares each key with all others, which takes minutes for a long file.
  const parsed = parseAllDocuments(utf8Text(origin, bytes), { uniqueKeys: false });
  if (!Array.isArray(parsed)) return [];
  const problem = parsed.flatMap(({ errors }) => errors)[0];
  // The lines after the first quote the file, which may have control characters.
  if (problem !== undefined) throw new WrongInput(`${origin}: is no YAML: ${safeText(firstLine(problem.message))}`);
  for (const document of parsed) refuseAmbiguous(origin, document);
  try {
    return parsed.map((document) => document.toJS());
  } catch (error) {
    // Too many aliases.
    throw new WrongInput(`${origin}: is no YAML: ${safeText(messageOf(error))}`);
  }
}

function utf8Text(origin: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new WrongInput(`${origin}: is no UTF-8 text`);
  }
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0]!.replace(/:$/, "");
}

function refuseAmbiguous(origin: string, document: Document.Parsed): void {
  const refuse = (found: string, allowed: string): never => {
    throw new WrongInput(`${origin}: found ${safeText(found)}; allowed: ${safeText(allowed)}`);
  };
  const checkTag = ({ tag }: ParsedNode): void => {
    if (tag !== undefined && !CORE_TAG.test(tag)) refuse(`the tag ${tag}`, "values without a tag");
  };
  visit(document, {
    Map(_, map) {
      checkTag(map as ParsedNode);
      const keys = new Set<unknown>();
      for (const { key } of map.items) {
        const name = isScalar(key) ? key.value : key;
        if (keys.has(name)) refuse(`the key ${String(name)} twice in one map`, "each key once");
        keys.add(name);
      }
    },
    Seq: (_, list) => checkTag(list as ParsedNode),
    Scalar(key, scalar) {
      checkTag(scalar as ParsedNode);
      const { type, source, value } = scalar;
      if (key === "key" || type !== "PLAIN" || source === undefined) return;
      const other = otherReading(source, value);
      if (other !== undefined) refuse(`${source}, ${other.found}`, other.allowed);
    },
  });
}

/** `!` says only that a value is a text; these are what a value without a tag may be. */
const CORE_TAG = /^(!|tag:yaml\.org,2002:(str|int|float|bool|null|map|seq))$/;

/** Envoy and Kubernetes read YAML 1.1: these as true or false. */
const OLD_BOOLEAN = /^(y|yes|on|n|no|off)$/i;
const OLD_OCTAL = /^[-+]?0[0-7]+$/;
const OLD_NUMBER = /^[-+]?(0b[01_]+|\d[\d_]*_[\d_]*)$/;

/** How proxies read a plain value in another way than this library, or JSON cannot hold it; undefined if neither. */
function otherReading(
  source: string,
  value: unknown,
): { readonly found: string; readonly allowed: string } | undefined {
  if (OLD_BOOLEAN.test(source)) {
    const isTrue = /^(y|on)/i.test(source);
    return { found: `which proxies read as ${isTrue}, and others as a text`, allowed: `${isTrue} or "${source}"` };
  }
  if (OLD_OCTAL.test(source) && Number.parseInt(source, 8) !== value) {
    const octal = Number.parseInt(source, 8);
    return { found: `which proxies read as ${octal}, and others as ${value}`, allowed: `${octal} or "${source}"` };
  }
  if (OLD_NUMBER.test(source)) {
    return { found: "which proxies read as a number, and others as a text", allowed: `"${source}", or plain digits` };
  }
  if (typeof value === "number" && (!Number.isFinite(value) || isInexact(source, value))) {
    return {
      found: "a number that does not fit JSON",
      allowed: `"${source}", or the whole configuration as JSON text`,
    };
  }
  return undefined;
}

function isInexact(source: string, value: number): boolean {
  return /^[-+]?\d+$/.test(source) && !Number.isSafeInteger(value);
}

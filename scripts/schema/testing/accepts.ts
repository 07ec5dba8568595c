import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { SCHEMA_FILE } from "../documents.ts";
import type { JsonSchema } from "../json-schema.ts";

/** With places that JSON cannot fill left open, and required where they are: the inputs have modules there. */
function withModules(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withModules);
  if (typeof node !== "object" || node === null) return node;
  if ("x-not-in-json" in node) return {};
  const opened = Object.fromEntries(Object.entries(node).map(([name, value]) => [name, withModules(value)]));
  const { required = [], "x-required-in-typescript": others = [] } = node as JsonSchema;
  return others.length === 0 ? opened : { ...opened, required: [...required, ...others] };
}

// `ownProperties`: else "constructor" would be a field of every object.
const ajv = new Ajv2020({ strict: false, ownProperties: true });
/** Whether a configuration is valid under the JSON Schema; its modules are taken for valid. */
export const accepts = ajv.compile(withModules(JSON.parse(readFileSync(SCHEMA_FILE, "utf8"))) as object);

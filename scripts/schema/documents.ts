import { CONFIG_LIMITS } from "../../config/configuration-limits.ts";
import { gatewayOf } from "../../config/resolve.ts";
import { service } from "../../config/schema/service.ts";
import { withDefinitions } from "./definitions.ts";
import { InputTypes } from "./input-types.ts";
import { type JsonSchema, jsonSchemaOf } from "./json-schema.ts";
import { Meanings, type Mismatch } from "./meanings.ts";
import { type Limit, pageOf } from "./page.ts";
import { STATS_SCHEMA_FILE, statsDocument } from "./stats/document.ts";
import { withVariables } from "./variables.ts";

/** The schema of a whole configuration. */
export const configuration = gatewayOf(service);

export const SCHEMA_FILE = "docs/configuration.schema.json";
export const PAGE_FILE = "docs/configuration.md";

interface Documents {
  /** Texts by file. */
  readonly files: Readonly<Record<string, string>>;
  /** The schema with notes for the page, each part where it is used. */
  readonly schema: JsonSchema;
  readonly limits: readonly Limit[];
  /** Where a schema and its types do not fit together. */
  readonly mismatches: readonly Mismatch[];
}

const SCHEMA_FIELD: JsonSchema = {
  type: "string",
  description: "For editors. The gateway does not know this field: take it out before defineGateway.",
};

const ABOUT =
  "A gateway's configuration, as far as JSON can have it: npm run schema makes this file, and docs/configuration.md says what it is good for. " +
  "Conflicts between fields are beyond it; npm run check-config finds them.";

/** What `npm run schema` writes. */
export function makeDocuments(): Documents {
  using types = new InputTypes();
  const meanings = new Meanings(types, { source: "config/input.ts", needsComments: true });
  const schema = meanings.join(
    withVariables(jsonSchemaOf(configuration)),
    types.declared("config/input.ts", "GatewayInput"),
  );
  const limits = limitsOf(types);
  const stats = statsDocument(types);
  const { $defs, properties, ...file } = withDefinitions(schema);
  const json = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Ebb gateway",
    $comment: ABOUT,
    ...file,
    properties: { $schema: SCHEMA_FIELD, ...properties },
    $defs,
  };
  return {
    files: {
      [SCHEMA_FILE]: `${JSON.stringify(json, undefined, 2)}\n`,
      [PAGE_FILE]: pageOf(schema, limits),
      [STATS_SCHEMA_FILE]: stats.text,
    },
    schema,
    limits,
    mismatches: [...meanings.mismatches, ...stats.mismatches],
  };
}

function limitsOf(types: InputTypes): Limit[] {
  const fields = types.fields(types.declared("config/configuration-limits.ts", "CONFIG_LIMITS"));
  return Object.entries(CONFIG_LIMITS).map(([name, value]) => {
    const symbol = fields.get(name)?.symbol;
    return { name, value, meaning: symbol === undefined ? "" : types.commentOnField(symbol) };
  });
}

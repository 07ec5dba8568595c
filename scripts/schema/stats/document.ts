import { toJsonSchema } from "@valibot/to-json-schema";
import { withDefinitions } from "../definitions.ts";
import type { InputTypes } from "../input-types.ts";
import { Meanings, type Mismatch } from "../meanings.ts";
import { statsResponse } from "./response-schema.ts";

export const STATS_SCHEMA_FILE = "docs/stats.schema.json";

const SOURCE = "worker/operator/stats-response.ts";

const ABOUT =
  "The response to GET /stats, schema 1: npm run schema makes this file, and docs/stats.md says what it is good for. " +
  "Later versions may add fields; if one changes its meaning or goes, `schema` becomes 2.";

/** The JSON Schema of GET /stats. Its descriptions are the comments in the code. */
export function statsDocument(types: InputTypes): { readonly text: string; readonly mismatches: readonly Mismatch[] } {
  const meanings = new Meanings(types, { source: SOURCE, needsComments: false });
  const { $schema, ...plain } = toJsonSchema(statsResponse, { target: "draft-2020-12" });
  const described = meanings.join({ ...plain } as Record<string, unknown>, types.declared(SOURCE, "StatsResponse"));
  const json = { $schema, title: "Ebb statistics", $comment: ABOUT, ...withDefinitions(described) };
  return { text: `${JSON.stringify(json, undefined, 2)}\n`, mismatches: meanings.mismatches };
}

import * as fc from "fast-check";
import * as v from "valibot";
import type { Cases } from "../../../config/schema/chosen.ts";
import { isRefused } from "../../../config/schema/fields.ts";
import { emptyModule } from "../../../config/testing/inputs.ts";

/**
 * Inputs for a schema, made from its blocks. Most are valid: texts are chosen among those that the block at their place accepts;
 * checks across fields are not respected.
 */
export function inputsFor(schema: v.GenericSchema): fc.Arbitrary<unknown> {
  const pipe = flat(schema);
  const cases = pipe.map(casesOf).find((found) => found !== undefined);
  if (cases !== undefined) {
    const all = [...cases.cases.map(([, each]) => each), ...(cases.otherwise === undefined ? [] : [cases.otherwise])];
    return fc.oneof(...all.filter((each) => !isOnlyHint(each)).map(inputsFor));
  }
  const item = pipe.findLast(({ kind }) => kind === "schema") as v.GenericSchema & Parts;
  switch (item.type) {
    case "loose_object": {
      const given = Object.entries(item.entries).filter(([, entry]) => !isRefused(entry));
      const required = given.filter(([, entry]) => entry.type !== "optional").map(([name]) => name);
      const model = Object.fromEntries(given.map(([name, entry]) => [name, inputsFor(entry)]));
      return fc.record(model, { requiredKeys: required, noNullPrototype: true });
    }
    case "optional":
      return inputsFor(item.wrapped);
    case "array": {
      const min = requirement(pipe, "min_length") ?? 0;
      return fc.array(inputsFor(item.item), {
        minLength: min,
        maxLength: Math.min(min + 2, requirement(pipe, "max_length") ?? 3),
      });
    }
    case "record": {
      const min = requirement(pipe, "min_entries") ?? 0;
      return fc.dictionary(fc.constantFrom(...accepted(item.key, TEXTS)), inputsFor(item.value), {
        minKeys: min,
        maxKeys: min + 1,
        noNullPrototype: true,
      });
    }
    default:
      return fc.constantFrom(...accepted(schema, VALUES));
  }
}

interface Parts {
  readonly entries: Readonly<Record<string, v.GenericSchema>>;
  readonly wrapped: v.GenericSchema;
  readonly item: v.GenericSchema;
  readonly key: v.GenericSchema;
  readonly value: v.GenericSchema;
}

type Item = v.GenericSchema | v.PipeItem<unknown, unknown, v.BaseIssue<unknown>>;

function flat(schema: Item): Item[] {
  return "pipe" in schema ? (schema.pipe as Item[]).flatMap(flat) : [schema];
}

function casesOf(item: Item): Cases | undefined {
  const metadata = "metadata" in item ? (item.metadata as object) : {};
  return "cases" in metadata ? (metadata as Cases) : undefined;
}

/** A schema that accepts nothing and only tells what is missing. */
function isOnlyHint(schema: v.GenericSchema): boolean {
  return v.getMetadata(schema)["x-refused"] === true;
}

function requirement(pipe: readonly Item[], type: string): number | undefined {
  const action = pipe.find((item) => item.type === type);
  return action !== undefined && "requirement" in action ? (action.requirement as number) : undefined;
}

const TEXTS = [
  ...["orders", "ORDERS", "/orders", "/", "/orders/:id", "/orders/*", "x-user", "x-auth-*", "Authorization", "accept"],
  ...[
    "https://auth.example",
    "https://app.example.com",
    "https://*.example.com",
    "http://a.example/base/",
    "a.example",
  ],
  ...["GET", "POST", "QUERY", "Bearer", "key=", "sub", "scope", "realm_access.roles", "2030-01-31", "any", "at+jwt"],
  ...["outbound|443||auth.example", "a.example:8443", "orders:read", "café", " ", ""],
];

/** All single values that a block may accept, among them each option of a list of options. */
const VALUES: readonly unknown[] = [
  ...TEXTS,
  ...[
    "enforce",
    "report-only",
    "keep",
    "remove",
    "authorize",
    "pass",
    "verified",
    "requests",
    "alarm",
    "closed",
    "open",
    "reload",
  ],
  ...[
    "lenient",
    "literal",
    "authenticate",
    "deny",
    "path-and-query",
    "path",
    "none",
    "HEAD",
    "basic",
    "post",
    "bearer",
    "private-key-jwt",
    "discover",
    "uri",
    "route",
    "permission",
    "method",
  ],
  ...[
    "forward-auth",
    "introspection",
    "authzen",
    "opa",
    "jwt",
    "api-keys",
    "authorization",
    "header",
    "cookie",
    "query",
  ],
  ...[
    "websocket-protocol",
    "certificate",
    "request-body",
    "response-headers",
    "response-body",
    "RS256",
    "EdDSA",
    "HS256",
  ],
  ...["refused", "all", "trace", "debug", "info", "warn", "error", "critical", "off", "node.metadata.NAME"],
  ...["refuse", "ask"],
  ...["measured", "ratio", "uptime", "threshold", "never", "generation", "remembered", "ratios", "counts"],
  ...[0, 1, 0.05, 0.5, 2, 60_000, 600_000, 65_536, 1_048_576, 33_554_432, 100_663_296, 1.5, true, false],
  ...[null, { a: [1, { secret: "NAME" }] }, emptyModule, { fetch() {} }],
];

function accepted<Value>(schema: v.GenericSchema, values: readonly Value[]): Value[] {
  const found = values.filter((value) => v.is(schema, value));
  if (found.length === 0) throw new Error(`no value here is ${v.getDescription(schema) ?? schema.type}: add one`);
  return found;
}

import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { makeDocuments, PAGE_FILE, SCHEMA_FILE } from "./documents.ts";
import type { JsonSchema } from "./json-schema.ts";
import { defaultInWords } from "./page.ts";
import { alternativesOf } from "./parts.ts";

const { files, schema, limits, mismatches } = makeDocuments();
const page = files[PAGE_FILE] ?? "";
const json = JSON.parse(files[SCHEMA_FILE] ?? "");

interface Field {
  readonly path: string;
  readonly node: JsonSchema;
}

/** Every field of the schema; one that several shapes have is there several times. */
function fieldsOf(node: JsonSchema, path = ""): Field[] {
  return alternativesOf(node).flatMap(({ node: { properties = {}, items, additionalProperties } }) => [
    ...Object.entries(properties).flatMap(([name, value]) => {
      const fieldPath = path === "" ? name : `${path}.${name}`;
      return [{ path: fieldPath, node: value }, ...fieldsOf(value, fieldPath)];
    }),
    ...(items === undefined ? [] : fieldsOf(items, `${path}[]`)),
    ...(typeof additionalProperties === "object" ? fieldsOf(additionalProperties, `${path}.*`) : []),
  ]);
}

const fields = fieldsOf(schema);

describe("npm run schema", () => {
  it.each([SCHEMA_FILE, PAGE_FILE])("wrote %s from today's code; if this fails, run it and commit the file", (file) => {
    expect(readFileSync(file, "utf8") === files[file], `${file} is stale: run \`npm run schema\``).toBe(true);
  });

  it("finds a comment in config/input.ts for each field, and a field for each comment", () => {
    expect(mismatches).toEqual([]);
    expect(fields.length).toBeGreaterThan(200);
  });

  it("finds a comment for each limit", () => {
    expect(limits.filter(({ meaning }) => meaning === "")).toEqual([]);
    expect(limits.map(({ name }) => name)).toContain("maxServices");
  });
});

it("the page marks the fields that may be variables, and no others", () => {
  const typeLine = (path: string) => page.split(`#### \`services.*.${path}\`\n\n`)[1]?.split("\n", 1)[0];
  const variable = "[variable](environments.md#variables)";
  expect(typeLine("upstream.url")).toMatch(`Type: text or ${variable} · `);
  expect(typeLine("clusters.*.url")).toMatch(`Type: text or ${variable} · `);
  const audience = "authorization.verify.issuers[].audience";
  expect(typeLine(audience)).toMatch(`Type: \`"any"\` or text or ${variable} or list of text or ${variable} · `);
  expect(typeLine("route.prefix")).toMatch("Type: text · ");
  const marked = fields.filter(({ node }) => node["x-variable"]).map(({ path }) => path.split(".").at(-1));
  expect(new Set(marked)).toEqual(new Set(["url", "origins", "issuer", "audience", "id"]));
});

describe("the comments in config/input.ts", () => {
  const described = fields.flatMap(({ path, node }) =>
    node.description === undefined ? [] : [{ path, node, comment: node.description }],
  );

  it("say the defaults that the schema has", () => {
    const said = described.flatMap(({ path, node, comment }) => {
      const words = defaultInWords(comment);
      const isScalar = ["string", "number", "boolean"].includes(typeof node.default);
      return words === undefined || !isScalar
        ? []
        : [{ path, words: words.replace(/[`"]/g, "").split(/[ ,]/)[0], given: String(node.default) }];
    });
    expect(said.filter(({ words, given }) => words !== given)).toEqual([]);
    expect(said.length).toBeGreaterThan(30);
  });

  it("name no default for required fields, and say more than the default", () => {
    expect(described.filter(({ comment }) => /^Default[^.]*\.$/.test(comment)).map(({ path }) => path)).toEqual([]);
  });
});

describe(SCHEMA_FILE, () => {
  it("is valid under the meta schema of 2020-12", () => {
    const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false });
    ajv.addVocabulary(["x-unit", "x-not-in-json", "x-required-in-typescript"]);
    expect(ajv.validateSchema(json) === true ? [] : ajv.errors).toEqual([]);
    expect(() => ajv.compile(json)).not.toThrow();
  });

  it("has no schema that accepts anything by accident", () => {
    const empty: string[] = [];
    const walk = (node: unknown, path: string): void => {
      if (typeof node !== "object" || node === null) return;
      if (Object.keys(node).length === 0 && !path.endsWith(".not") && !path.endsWith(".default")) empty.push(path);
      for (const [name, below] of Object.entries(node)) walk(below, `${path}.${name}`);
    };
    walk(json, "");
    expect(empty).toEqual([]);
  });

  it("marks what only a program can give, and refuses it in JSON", () => {
    const { filter } = json.$defs.otherService.properties;
    expect(filter).toMatchObject({ "x-not-in-json": true, not: {}, $comment: expect.stringContaining("TypeScript") });
    expect(json.$defs.otherService.required).not.toContain("filter");
    expect(json.$defs.otherService["x-required-in-typescript"]).toEqual(["filter"]);
  });

  it("lets a file name it", () => {
    const validate = new Ajv2020({ strict: false }).compile(json);
    const services = { orders: { route: { prefix: "/orders" }, upstream: { binding: "ORDERS" }, configuration: "" } };
    expect(validate({ $schema: "./docs/configuration.schema.json", services })).toBe(true);
    expect(validate({ services, unknown: 1 })).toBe(false);
  });
});

describe(PAGE_FILE, () => {
  it("has every field", () => {
    const headings = new Set([...page.matchAll(/^#### `(.+)`$/gm)].map(([, path]) => path));
    // A part that appears at several places has its fields at the first, and names the others.
    const unlisted = fields.filter(({ path }) => {
      const parent = path.slice(0, path.lastIndexOf("."));
      return !headings.has(path) && !page.includes(`\`${parent}\``);
    });
    expect(unlisted.map(({ path }) => path)).toEqual([]);
  });

  it("has every limit with its value", () => {
    for (const { name, value } of limits) expect(page).toContain(`| \`${name}\` | ${value} |`);
  });

  it("links only to headings that it has", () => {
    const slugs = [...page.matchAll(/^##+ (.+)$/gm)].map(([, title]) =>
      (title ?? "")
        .toLowerCase()
        .replace(/[^\w -]/g, "")
        .replaceAll(" ", "-"),
    );
    const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, slug]) => slug ?? "");
    expect(links.filter((slug) => !slugs.includes(slug))).toEqual([]);
    expect(links.length).toBeGreaterThan(50);
  });

  it("shows a schema for a list of rules that works", () => {
    const [, shown = ""] = /^```json\n(.*?)^```/ms.exec(page) ?? [];
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema(json, `https://files.example/${SCHEMA_FILE}`);
    const validate = ajv.compile({ $id: "https://files.example/rules.schema.json", ...JSON.parse(shown) });
    expect(validate([{ path: "/orders/*", scopes: ["orders:read"] }])).toBe(true);
    expect(validate([{ path: "/orders/*", scope: "orders:read" }])).toBe(false);
    expect(validate([{ path: "/orders/*", public: true, scopes: ["orders:read"] }])).toBe(false);
  });
});

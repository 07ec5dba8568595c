import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { resolveGateway } from "../config/index.ts";
import { readKeyLines } from "../worker/credentials/api-keys/key-lines.ts";
import { configurationsIn, fieldsOfService, isWhole, wholeConfiguration } from "./page-configurations.ts";

/** What a reader copies from a page must be a valid configuration. */

const PAGES = [
  "README.md",
  ...["jwt", "api-keys", "credentials", "report-only", "cors", "mcp", "sign-in"].map((name) => `docs/${name}.md`),
];

const filter = new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
/** What the pages' parts of a service leave out. */
const REST = {
  route: { prefix: "/orders" },
  upstream: { url: "https://orders.internal.example.com" },
  clusters: { auth: { url: "https://auth.example.com" } },
  filter,
};

describe.each(PAGES)("the configurations of %s", (page) => {
  const shown = configurationsIn(page);

  it("are found, and one of them is complete", () => {
    expect(shown.filter(({ text }) => isWhole(text)).length).toBeGreaterThan(0);
  });

  it.each(shown)("are valid: $heading", ({ text }) => {
    const gateway = isWhole(text)
      ? wholeConfiguration(text, filter)
      : { services: { orders: { ...REST, ...fieldsOfService(text) } } };
    const result = resolveGateway(gateway);
    expect(result.ok ? [] : result.problems).toEqual([]);
  });
});

it("docs/api-keys.md shows a line that the gateway reads", () => {
  const [, line = ""] = /^```\n(.*)\n```$/m.exec(readFileSync("docs/api-keys.md", "utf8")) ?? [];
  const { keys, problems } = readKeyLines(line);
  expect({ problems, scopes: keys[0]?.scopes }).toEqual({ problems: [], scopes: ["orders:read", "orders:write"] });
});

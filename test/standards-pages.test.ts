import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { resolveGateway } from "../config/index.ts";
import { builtInFilterFile } from "../scripts/built-in-filter.ts";
import { configurationsIn, isWhole, wholeConfiguration } from "./page-configurations.ts";

/** Whoever copies a configuration from these pages has a gateway. */

const filter = new WebAssembly.Module(readFileSync(builtInFilterFile));

describe.each(["authzen", "introspection", "opa", "request-body"])("docs/%s.md", (page) => {
  it("shows a configuration that is accepted as it is", () => {
    const shown = configurationsIn(`docs/${page}.md`);
    expect(shown).toHaveLength(1);
    expect(isWhole(shown[0]!.text)).toBe(true);
    expect(resolveGateway(wholeConfiguration(shown[0]!.text, filter))).toMatchObject({ ok: true });
  });
});

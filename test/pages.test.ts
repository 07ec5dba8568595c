import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const SUITE = "test/security";
/** Shows that the suite itself works. */
const HARNESS = "harness.test.ts";
const PAGES = ["README.md", "SECURITY.md", ...readdirSync("docs").map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith(".md"),
);

/** Files that a page links to, from the root of the repository. */
function linkedFiles(page: string): string[] {
  const links = readFileSync(page, "utf8").matchAll(/\]\(([^)#\s]+)/g);
  const relative = [...links].map((link) => link[1]!).filter((target) => !/^[a-z]+:/.test(target));
  return relative.map((target) => join(dirname(page), target));
}

describe("SECURITY.md", () => {
  it("names each file of the security suite once in its table", () => {
    const files = readdirSync(SUITE).filter((name) => name.endsWith(".test.ts") && name !== HARNESS);
    const named = linkedFiles("SECURITY.md").filter((file) => file.startsWith(`${SUITE}/`));
    expect(named.toSorted()).toEqual(files.map((name) => `${SUITE}/${name}`).toSorted());
  });
});

describe.each(PAGES)("the links of %s", (page) => {
  it("lead to files that exist", () => {
    expect(linkedFiles(page).filter((file) => !existsSync(file))).toEqual([]);
  });
});

it("texts of the configuration name pages that exist", () => {
  const files = ["config/input.ts", "config/cross-checks.ts"];
  const named = files.flatMap((file) => readFileSync(file, "utf8").match(/docs\/[\w-]+\.md/g) ?? []);
  expect(named.filter((file) => !existsSync(file))).toEqual([]);
});

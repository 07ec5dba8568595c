import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { figuresKey } from "../durable/directory/directory.ts";
import { pointsKey } from "../durable/directory/history.ts";
import { SLOTS } from "../durable/persistence/journal-head.ts";
import { HEAD_KEY, rowKey } from "../durable/persistence/journal-keys.ts";
import { STATE_KEYS } from "../durable/storage/service-state.ts";

const SUITE = "test/security";
/** Tests the suite's own tools. */
const HARNESS = "harness.test.ts";
const PAGES = [
  "README.md",
  "SECURITY.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...readdirSync("docs").map((name) => `docs/${name}`),
  ...["README.md", ...readdirSync("templates").map((name) => `${name}/README.md`)]
    .map((name) => `templates/${name}`)
    .filter((page) => existsSync(page)),
].filter((name) => name.endsWith(".md"));

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

describe("docs/storage.md", () => {
  it("lists every storage key of a service's object and of the directory", () => {
    const page = readFileSync("docs/storage.md", "utf8");
    const listed = [...page.matchAll(/^\| `([^`]+)`/gm)].map(([, key]) => key!);
    const rows = SLOTS.map((slot) => rowKey({ slot, rows: 0 }));
    const directory = [figuresKey("orders"), pointsKey("orders", 498_839)];
    expect(listed.toSorted()).toEqual([...Object.values(STATE_KEYS), HEAD_KEY, ...rows, ...directory].toSorted());
  });
});

describe.each(PAGES)("the links of %s", (page) => {
  it("lead to files that exist", () => {
    expect(linkedFiles(page).filter((file) => !existsSync(file))).toEqual([]);
  });
});

it("texts of the configuration name only pages that exist", () => {
  const files = ["config/input.ts", "config/cross-checks.ts"];
  const named = files.flatMap((file) => readFileSync(file, "utf8").match(/docs\/[\w-]+\.md/g) ?? []);
  expect(named.filter((file) => !existsSync(file))).toEqual([]);
});

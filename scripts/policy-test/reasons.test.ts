import { glob, readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { KNOWN_REASONS, statusesOf } from "./reasons.ts";

/** The list is only worth something while it has every reason in the sources, and no other. */

const OF_OPERATOR_PAGES = [
  "cross_site_request",
  "directory_unreadable",
  "no_such_page",
  "not_built",
  "not_operator_host",
  "not_this_machine",
  "too_many_live_streams",
  "wrong_origin",
];

async function source(file: string): Promise<string> {
  return readFile(file, "utf8");
}

function namesIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, name]) => name!);
}

/** A union of texts: `type Name = | "a" | "b"`, also as a field. */
async function unionIn(file: string, name: string): Promise<string[]> {
  const text = (await source(file)).replaceAll(/\/\*\*.*?\*\//gs, "");
  const declaration = new RegExp(`\\b${name}(?: =|:)([^;]*);`).exec(text)?.[1] ?? "";
  const names = namesIn(declaration, /"([a-z0-9_]+)"/g);
  expect(names, `${name} in ${file}`).not.toEqual([]);
  return names;
}

async function written(): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for await (const file of glob("worker/**/*.ts")) {
    if (file.endsWith(".test.ts")) continue;
    for (const [, status, reason] of (await source(file)).matchAll(/errorResponse\((\d+), "([a-z0-9_]+)"/g)) {
      if (!OF_OPERATOR_PAGES.includes(reason!)) found.set(reason!, Number(status));
    }
  }
  // Why a request's credentials cannot be read: named first, and then answered.
  for (const reason of namesIn(await source("worker/forward.ts"), /return "([a-z0-9_]+)"/g)) found.set(reason, 400);
  const unions: [string, string, number][] = [
    ["worker/request-target.ts", "TargetRefusal", 400],
    ["worker/credentials/verdict.ts", "InvalidReason", 401],
    ["worker/credentials/undecided.ts", "reason", 503],
    ["durable/rpc.ts", "UnavailableReason", 503],
  ];
  for (const [file, name, status] of unions) for (const reason of await unionIn(file, name)) found.set(reason, status);
  return found;
}

it("has the Worker's reasons with their statuses", async () => {
  for (const [reason, status] of await written()) {
    expect(statusesOf(reason), reason).toContain(status);
  }
});

it("has the built-in filter's reasons", async () => {
  const text = await source("wasm/filter/assembly/reasons.ts");
  const [texts = "", statuses = ""] = text.split("export function statusOf");
  const byConstant = new Map(
    [...texts.matchAll(/case ([A-Z_]+):\s+return "([a-z0-9_]+)"/g)].map(([, name, reason]) => [name!, reason!]),
  );
  expect(byConstant.size).toBeGreaterThan(10);
  const named = new Set<string>();
  for (const [, cases, status] of statuses.matchAll(/((?:case [A-Z_]+:\s+)+)return (\d+)/g)) {
    for (const name of namesIn(cases!, /case ([A-Z_]+):/g)) {
      named.add(name);
      const known = statusesOf(byConstant.get(name)!);
      if (known !== "any") expect(known, name).toContain(Number(status));
    }
  }
  for (const [name, reason] of byConstant) if (!named.has(name)) expect(statusesOf(reason), reason).toEqual([503]);
});

it("has no reason that the sources do not have", async () => {
  const filter = await source("wasm/filter/assembly/reasons.ts");
  const others = await source("worker/replies.ts");
  const known = [...(await written()).keys(), ...namesIn(filter + others, /"([a-z0-9_]+)"/g), "headers_too_large"];
  expect(KNOWN_REASONS.filter((reason) => !known.includes(reason))).toEqual([]);
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resolveGateway } from "../config/index.ts";
import { checkConfig } from "./check-config.ts";
import { loadConfig } from "./load-config.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ebb-check-config-"));
  await writeFile(join(folder, "filter.wasm"), Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
});

afterAll(() => rm(folder, { recursive: true }));

async function check(services: string) {
  const file = join(folder, "gateway.config.ts");
  await writeFile(file, `import filter from "./filter.wasm"; export default { services: ${services} };`);
  return checkConfig(file);
}

const common = 'route: { prefix: "/a" }, upstream: { url: "https://a.example" }, filter';

describe("check-config", () => {
  it("says one line about each service of a valid file", async () => {
    const verdict = await check(
      `{ a: { ${common}, authorization: { protocol: "opa", cluster: "opa", path: "/v1" }, clusters: { opa: { binding: "OPA" } }, failOpen: true },
         b: { ...{ ${common} }, route: { hosts: ["b.example"] }, configuration: "" } }`,
    );
    expect(verdict.ok).toBe(true);
    expect(verdict.text.split("\n")).toEqual([
      "a: /a on any host -> https://a.example; opa at opa, 0 rules, FAILS OPEN",
      "b: / on b.example -> https://a.example; a filter of your own, 0 rules",
      expect.stringMatching(/^operator's pages under \/stats, configuration [0-9a-f]{16}$/),
    ]);
  });

  it("says all problems of another, with the file", async () => {
    const verdict = await check(`{ a: { ${common}, configuration: "", failOpen: true, rout: 1 } }`);
    expect(verdict.ok).toBe(false);
    expect(verdict.text.split("\n")).toEqual([
      expect.stringMatching(/gateway\.config\.ts: services\.a\.failOpen: found true; allowed: /),
      expect.stringMatching(/gateway\.config\.ts: services\.a\.rout: found an unknown field; allowed: .*"route"/),
      "2 problems",
    ]);
  });

  it("says why a file cannot be loaded", async () => {
    expect(await check("{")).toEqual({ ok: false, text: expect.stringMatching(/gateway\.config\.ts:1:\d+: /) });
  });
});

describe("the committed gateway.config.ts", () => {
  it("is valid before the filter is built", async () => {
    const loaded = await loadConfig("gateway.config.ts", { stubWasm: true });
    expect(loaded.ok && resolveGateway(loaded.config)).toMatchObject({ ok: true });
  });
});

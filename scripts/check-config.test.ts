import { appendFile, copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resolveGateway } from "../config/index.ts";
import { idleFilter } from "../wasm/binary/testing/binary.ts";
import { builtInFilterFile } from "./built-in-filter.ts";
import { checkConfig, runCheckConfigCommand } from "./check-config.ts";
import { loadConfig } from "./load-config.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ebb-check-config-"));
  await writeFile(join(folder, "filter.wasm"), idleFilter([1, 1, 1, 16]));
});

afterAll(() => rm(folder, { recursive: true }));

async function check(services: string, operator = "undefined") {
  const file = join(folder, "gateway.config.ts");
  await writeFile(
    file,
    `import filter from "./filter.wasm"; export default { operator: ${operator}, services: ${services} };`,
  );
  return checkConfig(file);
}

const common = 'route: { prefix: "/a" }, upstream: { url: "https://a.example" }, filter';

describe("check-config", () => {
  it("prints one line for each service of a valid file", async () => {
    const verdict = await check(
      `{ a: { ${common}, authorization: { protocol: "opa", cluster: "opa", path: "/v1" }, clusters: { opa: { binding: "OPA" } }, failOpen: true },
         b: { ...{ ${common} }, route: { hosts: ["b.example"] }, configuration: "" } }`,
      "{ metricsPath: false, healthPath: false }",
    );
    expect(verdict.ok).toBe(true);
    expect(verdict.text.split("\n")).toEqual([
      "a: /a on any host -> https://a.example; opa at opa, 0 rules, FAILS OPEN",
      "a: a decision is kept for: credential, method, host, scheme, path and query",
      "b: / on b.example -> https://a.example; a filter of your own, 0 rules",
      expect.stringMatching(/^operator's pages under \/stats, configuration [0-9a-f]{16}$/),
    ]);
  });

  it("says what a decision is kept for, and hints at what could be left out of that", async () => {
    const service = (name: string, fields: string) =>
      `${name}: { route: { prefix: "/${name}" }, upstream: { url: "https://a.example" }, filter,
        authorization: { protocol: "opa", cluster: "opa", path: "/v1", ${fields} },
        clusters: { opa: { binding: "OPA" } }, rules: [{ path: "/${name}/:id" }] }`;
    const { ok, text } = await check(
      `{ ${service("a", 'requestHeaders: ["x-tenant"]')}, ${service("b", 'uri: "rule", unkeyedHeaders: ["traceparent"]')} }`,
    );
    expect(ok).toBe(true);
    expect(text.split("\n").filter((line) => /kept for|HINT/.test(line))).toEqual([
      "a: a decision is kept for: credential, method, host, scheme, path and query, x-tenant",
      "b: a decision is kept for: credential, method, host, scheme, rule, path and query without a rule; sent but not part of that: traceparent",
      expect.stringMatching(/^HINT services\.a\.authorization\.uri: .* sends \/a\/:id instead/),
    ]);
  });

  it("names variables, and a handler that the file imports", async () => {
    const verdict = await check(
      `{ a: { route: { prefix: "/a" }, filter, configuration: "", upstream: { handler: { fetch() {} } } },
         b: { route: { prefix: "/b" }, filter, configuration: "", upstream: { url: { variable: "B_URL" } } } }`,
    );
    expect(verdict.text.split("\n").slice(0, 2)).toEqual([
      "a: /a on any host -> a handler in this Worker; a filter of your own, 0 rules",
      "b: /b on any host -> variable B_URL; a filter of your own, 0 rules",
    ]);
  });

  it("prints all problems of an invalid file, with the file's name", async () => {
    const verdict = await check(`{ a: { ${common}, configuration: "", failOpen: true, rout: 1 } }`);
    expect(verdict.ok).toBe(false);
    expect(verdict.text.split("\n")).toEqual([
      expect.stringMatching(/gateway\.config\.ts: services\.a\.failOpen: found true; allowed: /),
      expect.stringMatching(/gateway\.config\.ts: services\.a\.rout: found an unknown field; allowed: .*"route"/),
      "2 problems",
    ]);
  });

  it("prints why a file cannot be loaded", async () => {
    expect(await check("{")).toEqual({ ok: false, text: expect.stringMatching(/gateway\.config\.ts:1:\d+: /) });
  });
});

describe("a filter's memory", () => {
  const mib = 1_048_576;
  /** The verdict for a service whose filter has this memory section. */
  async function saidOf(section: number[], fields = "") {
    await writeFile(join(folder, "own.wasm"), idleFilter(section));
    const file = join(folder, "own.config.ts");
    const service = `{ ${common}, configuration: "" ${fields} }`;
    await writeFile(file, `import filter from "./own.wasm"; export default { services: { a: ${service} } };`);
    return checkConfig(file);
  }
  const pages = (mebibytes: number): number[] => [0x80 | ((mebibytes * 16) & 0x7f), (mebibytes * 16) >> 7];

  it("needs a maximum; the message names the command that sets one", async () => {
    const { ok, text } = await saidOf([1, 0, 1]);
    expect(ok).toBe(false);
    const own = relative(process.cwd(), join(folder, "own.wasm"));
    expect(text.split("\n")).toEqual([
      `${join(folder, "own.config.ts")}: services.a.filter: found ${own}, which has no memory maximum; allowed: ` +
        "a module whose memory may grow to at most 67108864 bytes (restart.hardLimitBytes), " +
        `as \`npm run filter -- cap ${own} --maximum-bytes 67108864\` makes it.`,
      "1 problem",
    ]);
  });

  it("may grow to its service's limit, and not further", async () => {
    expect(await saidOf([1, 1, 1, ...pages(64)])).toMatchObject({ ok: true });
    expect((await saidOf([1, 1, 1, ...pages(65)])).text).toMatch(`may grow to ${65 * mib} bytes; allowed: `);
    const limited = `, restart: { hardLimitBytes: ${16 * mib} }`;
    expect(await saidOf([1, 1, 1, ...pages(16)], limited)).toMatchObject({ ok: true });
    expect((await saidOf([1, 1, 1, ...pages(17)], limited)).text).toMatch(`--maximum-bytes ${16 * mib}`);
    const noWholePage = `, restart: { hardLimitBytes: ${16 * mib + 1} }`;
    expect((await saidOf([1, 1, 1, ...pages(17)], noWholePage)).text).toMatch(`--maximum-bytes ${16 * mib}\``);
    expect(await saidOf([1, 1, 1, ...pages(128)], `, restart: { hardLimitBytes: ${128 * mib} }`)).toMatchObject({
      ok: true,
    });
  });

  it.each<[string, number[], RegExp]>([
    ["too much of it at start", [1, 0, ...pages(65)], /starts with 68157440 bytes of memory/],
    ["several", [2, 1, 1, 2, 1, 1, 2], /defines 2 memories/],
    ["a shared one", [1, 3, 1, 2], /has a shared memory/],
    ["none", [0], /defines no memory of its own/],
  ])("is refused without a command if none would help: %s", async (_, section, found) => {
    const { ok, text } = await saidOf(section);
    expect(ok).toBe(false);
    expect(text).toMatch(found);
    expect(text).not.toMatch("npm run");
  });

  it("is not checked for the built-in filter, which the build caps", async () => {
    const file = join(folder, "built-in.config.ts");
    const rest = `authorization: { protocol: "opa", cluster: "opa", path: "/v1" }, clusters: { opa: { binding: "OPA" } }`;
    await writeFile(
      file,
      `import filter from ${JSON.stringify(builtInFilterFile)};
       const service = { ${common}, ${rest} };
       export default { services: {
         a: { ...service, cache: { maxBytes: ${8 * mib} }, restart: { hardLimitBytes: ${16 * mib} } },
         b: { ...service, route: { prefix: "/b" } } } };`,
    );
    expect(await checkConfig(file)).toMatchObject({ ok: true });

    const copied = join(folder, "copied.wasm");
    await copyFile(builtInFilterFile, copied);
    const source = await readFile(file, "utf8");
    await writeFile(file, source.replace(JSON.stringify(builtInFilterFile), JSON.stringify("./copied.wasm")));
    expect(await checkConfig(file)).toMatchObject({ ok: true });
    // A custom section at its end: the same limits, but another module.
    await appendFile(copied, Uint8Array.of(0, 2, 1, 120));
    expect((await checkConfig(file)).text).toMatch(/services\.a\.filter: found .*copied\.wasm, which may grow to/);
  });
});

describe("the command", () => {
  it("has a help, and refuses what it does not know", async () => {
    expect(await runCheckConfigCommand(["--help"])).toMatchObject({ ok: true, report: expect.stringMatching("FILE") });
    expect(await runCheckConfigCommand(["--al"])).toMatchObject({
      ok: false,
      complaint: expect.stringMatching("--al"),
    });
    expect(await runCheckConfigCommand(["a.ts", "b.ts"])).toEqual({
      ok: false,
      complaint: "One file at a time: b.ts is one too many. (--help lists the options)",
    });
    expect(await runCheckConfigCommand(["absent.ts"])).toEqual({ ok: false, complaint: "absent.ts does not exist" });
  });
});

describe("the committed gateway.config.ts", () => {
  it("is valid before the filter is built", async () => {
    const loaded = await loadConfig("gateway.config.ts", { stubWasm: true });
    expect(loaded.ok && resolveGateway(loaded.config)).toMatchObject({ ok: true });
  });
});

describe("the operator token in .dev.vars", () => {
  const valid = `{ a: { ${common}, configuration: "" } }`;

  it("is refused if it is unusable, and not shown", async () => {
    await writeFile(join(folder, ".dev.vars"), "OPERATOR_TOKEN=brief-one\n");
    const { ok, text } = await check(valid);
    expect(ok).toBe(false);
    expect(text).toMatch(/^\.dev\.vars: OPERATOR_TOKEN: found 9 characters; allowed: 16 or more/);
    expect(text).not.toContain("brief-one");
    await writeFile(join(folder, ".dev.vars"), "OPERATOR_TOKEN='one that is long enough'\n");
    expect((await check(valid)).text).toMatch(/found a blank/);
    await writeFile(join(folder, ".dev.vars"), "OPERATOR_TOKEN=one-that-is-long-enough\n");
    expect((await check(valid)).ok).toBe(true);
    await rm(join(folder, ".dev.vars"));
  });

  it("is refused beside another of the same value, and so are unusable ones of single services", async () => {
    const operator = '{ tokens: [{ secret: "A_TOKEN", services: ["a"] }] }';
    const withToken = (value: string) =>
      writeFile(join(folder, ".dev.vars"), `OPERATOR_TOKEN=one-that-is-long-enough\nA_TOKEN=${value}\n`);
    await withToken("brief-one");
    expect((await check(valid, operator)).text).toMatch(/^\.dev\.vars: A_TOKEN: found 9 characters/);
    await withToken("one-that-is-long-enough");
    const { ok, text } = await check(valid, operator);
    expect(ok).toBe(false);
    expect(text).toMatch(
      /OPERATOR_TOKEN: found the value of A_TOKEN; .*\n.*A_TOKEN: found the value of OPERATOR_TOKEN/,
    );
    expect(text).not.toContain("one-that-is-long-enough");
    await withToken("another-that-is-long-enough");
    expect((await check(valid, operator)).ok).toBe(true);
    await rm(join(folder, ".dev.vars"));
  });
});

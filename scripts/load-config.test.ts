import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LoadOptions, loadConfig } from "./load-config.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ebb-load-config-"));
});

afterAll(() => rm(folder, { recursive: true }));

async function load(source: string, options?: LoadOptions) {
  const file = join(folder, "gateway.config.ts");
  await writeFile(file, source);
  return loadConfig(file, options);
}

async function messageOf(source: string): Promise<string> {
  const loaded = await load(source);
  return loaded.ok ? "loaded" : loaded.message;
}

describe("loadConfig", () => {
  it("returns the default export of a file with types", async () => {
    expect(await load("interface A { a: number }\nconst a: A = { a: 1 };\nexport default a;")).toMatchObject({
      ok: true,
      config: { a: 1 },
    });
  });

  it("loads a file that imports modules of the runtime, or an app that does, with an empty environment", async () => {
    const source = `import { env, WorkerEntrypoint, RpcTarget } from "cloudflare:workers";
      import { connect } from "cloudflare:sockets";
      class Api extends WorkerEntrypoint {}
      export default { env, url: env.AUTH_URL, api: typeof Api, target: typeof RpcTarget, connect: typeof connect };`;
    expect(await load(source)).toMatchObject({
      ok: true,
      config: { env: {}, url: undefined, api: "function", target: "function", connect: "function" },
    });
  });

  it("reloads the file each time", async () => {
    expect(await load("export default 1;")).toMatchObject({ ok: true, config: 1 });
    expect(await load("export default 2;")).toMatchObject({ ok: true, config: 2 });
  });

  it("compiles imported .wasm files", async () => {
    await writeFile(join(folder, "ok.wasm"), Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
    const source = 'import a from "./ok.wasm"; import b from "./ok.wasm?module"; export default [a, b];';
    expect(await load(source)).toMatchObject({
      ok: true,
      config: [expect.any(WebAssembly.Module), expect.any(WebAssembly.Module)],
    });
  });

  it("returns the file that each module was compiled from", async () => {
    const bytes = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
    for (const name of ["a.wasm", "b.wasm"]) await writeFile(join(folder, name), bytes);
    const loaded = await load('import a from "./a.wasm"; import b from "./b.wasm"; export default [b, a];');
    if (!loaded.ok) throw new Error(loaded.message);
    const files = (loaded.config as WebAssembly.Module[]).map((module) => loaded.wasmFiles.get(module));
    expect(files.map((file) => file?.path)).toEqual([join(folder, "b.wasm"), join(folder, "a.wasm")]);
    expect(new Uint8Array(files[0]!.bytes)).toEqual(bytes);
  });

  it("needs no .wasm file if stubWasm is set", async () => {
    const source = 'import filter from "./absent.wasm"; export default filter;';
    expect(await load(source, { stubWasm: true })).toMatchObject({ ok: true, config: expect.any(WebAssembly.Module) });
  });
});

describe("imports of a configuration", () => {
  it("can be modules of the platform: `env` is empty there", async () => {
    const source = `import { env, RpcTarget, WorkerEntrypoint, waitUntil } from "cloudflare:workers";
      import { connect } from "cloudflare:sockets";
      class Entry extends WorkerEntrypoint {}
      class Target extends RpcTarget {}
      export default [env, env.AUTH_URL, typeof Entry, typeof Target, typeof waitUntil, typeof connect];`;
    expect(await load(source)).toMatchObject({
      ok: true,
      config: [{}, undefined, "function", "function", "function", "function"],
    });
  });

  it("can be a module of a package, found from the folder of the file", async () => {
    const bytes = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
    const installed = join(folder, "node_modules/some-filter");
    await mkdir(installed, { recursive: true });
    await writeFile(join(installed, "built.wasm"), bytes);
    const exports = { "./filter.wasm": { types: "./none.d.ts", default: "./built.wasm" } };
    await writeFile(join(installed, "package.json"), JSON.stringify({ name: "some-filter", exports }));
    const loaded = await load('import a from "some-filter/filter.wasm?module"; export default a;');
    if (!loaded.ok) throw new Error(loaded.message);
    expect([...loaded.wasmFiles.values()].map(({ path }) => path)).toEqual([join(installed, "built.wasm")]);

    const other = await messageOf('import a from "some-filter/other.wasm"; export default a;');
    expect(other).toMatch(/gateway\.config\.ts:1:\d+: Could not resolve "some-filter\/other\.wasm"/);
    expect(await messageOf('import a from "no-such-package/a.wasm"; export default a;')).toMatch(
      /Could not resolve "no-such-package\/a\.wasm"/,
    );
  });

  it("get what a package has for Workers", async () => {
    const installed = join(folder, "node_modules/two-faced");
    await mkdir(installed, { recursive: true });
    await writeFile(join(installed, "workers.js"), 'export default "workers";');
    await writeFile(join(installed, "node.js"), 'export default "node";');
    const exports = { workerd: "./workers.js", node: "./node.js" };
    await writeFile(join(installed, "package.json"), JSON.stringify({ name: "two-faced", type: "module", exports }));
    expect(await load('export { default } from "two-faced";')).toMatchObject({ ok: true, config: "workers" });
  });
});

describe("a configuration with the app that is its handler", () => {
  it("may import what wrangler lets a Worker import: texts, data, and modules of Node, also from CommonJS", async () => {
    for (const ending of ["txt", "html", "sql", "bin"]) await writeFile(join(folder, `asset.${ending}`), "asset");
    await writeFile(join(folder, "common.cjs"), 'module.exports = require("path").join("a", require("node:os").EOL);');
    const source = `import a from "./asset.txt"; import b from "./asset.html"; import c from "./asset.sql"; import d from "./asset.bin";
import { createHash } from "node:crypto"; import { Buffer } from "buffer"; import common from "./common.cjs";
export default [a, b, c, d.byteLength, typeof createHash, typeof Buffer, common];`;
    const config = ["asset", "asset", "asset", 5, "function", "function", "a/\n"];
    expect(await load(source)).toMatchObject({ ok: true, config });
  });
});

describe("a mistake in the file", () => {
  it.each([
    ["export default {", /gateway\.config\.ts:1:\d+: /],
    ['import a from "./absent.ts"; export default a;', /gateway\.config\.ts:1:\d+: Could not resolve "\.\/absent\.ts"/],
    ['import a from "no-such-package"; export default a;', /Could not resolve "no-such-package"/],
    ['import filter from "./absent.wasm"; export default filter;', /absent\.wasm does not exist$/m],
    [
      'import filter from "./wasm/filter/build/absent.wasm"; export default filter;',
      /absent\.wasm does not exist; build it: npm run build$/m,
    ],
    [
      'import filter from "./examples/filters/build/absent.wasm"; export default filter;',
      /absent\.wasm does not exist; build it: npm run build:examples$/m,
    ],
    ["export const gateway = {};", /has no default export; it must say: export default defineGateway/],
    ["export default { fetch() {} };", /is the entry of a Worker.*file of its own.*export default defineGateway/],
    ["export default missing.field;", /fails when it is evaluated: missing is not defined/],
    ["throw 1;\nexport default 1;", /fails when it is evaluated: 1/],
    ["export default await Promise.reject(new Error('later'));", /fails when it is evaluated: later/],
  ])("%j gives one message without a stack", async (source, message) => {
    const text = await messageOf(source);
    expect(text).toMatch(message);
    expect(text).not.toMatch(/^\s+at /m);
  });

  it("can be a .wasm file that is not WebAssembly", async () => {
    await writeFile(join(folder, "broken.wasm"), "not wasm");
    expect(await messageOf('import a from "./broken.wasm"; export default a;')).toMatch(/broken\.wasm is not a valid/);
  });

  it("can be a folder instead of a .wasm file", async () => {
    await mkdir(join(folder, "folder.wasm"));
    expect(await messageOf('import a from "./folder.wasm"; export default a;')).toMatch(/folder\.wasm is a folder$/);
  });

  it.each(["wasm/filter/build", "examples/filters/build"])(
    "gives no hint to run a build if the module in %s exists",
    async (place) => {
      await mkdir(join(folder, place, "folder.wasm"), { recursive: true });
      await writeFile(join(folder, place, "broken.wasm"), "not wasm");
      for (const name of ["folder.wasm", "broken.wasm"]) {
        expect(await messageOf(`import a from "./${place}/${name}"; export default a;`)).not.toMatch("npm run");
      }
    },
  );

  it("can be a missing configuration file", async () => {
    const loaded = await loadConfig(join(folder, "absent.config.ts"));
    expect(loaded).toEqual({ ok: false, message: expect.stringMatching(/absent\.config\.ts does not exist/) });
  });
});

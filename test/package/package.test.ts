/** Does what a user does: packs the package, installs the tarball in an empty project, and runs a Worker with it. */
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CONFIG_LIMITS } from "../../config/configuration-limits.ts";
import packageJson from "../../package.json" with { type: "json" };
import { readMemoryLimits } from "../../wasm/binary/memory-section.ts";
import { type PackedFiles, Project, pack, tool, WRANGLER } from "./project.ts";
import { run } from "./run.ts";
import { type DevServer, startWranglerDev } from "./wrangler-dev.ts";

const OPERATOR_TOKEN = "operator-token-of-this-test";
const FILTER = "package/build/wasm/filter/build/filter.wasm";

let folder: string;
let packed: PackedFiles;
let project: Project;
let upstream: Server;
let authorization: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ebb-package-"));
  packed = await pack(folder);
  upstream = await listening((request, response) => {
    response.end(JSON.stringify({ url: request.url, user: request.headers["x-user"] }));
  });
  authorization = await listening(({ headers }, response) => {
    if (headers.authorization === "Bearer of-ann") response.writeHead(200, { "x-user": "ann" }).end();
    else response.writeHead(403).end();
  });
  await mkdir(join(folder, "module"));
  project = await Project.create(join(folder, "module"), packed.tarball, { type: "module" });
  await project.write(worker());
}, 180_000);

afterAll(async () => {
  upstream?.close();
  authorization?.close();
  await rm(folder, { recursive: true, force: true });
});

async function listening(answer: RequestListener): Promise<Server> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return server;
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function configuration(serviceFields = ""): string {
  return `import { defineGateway } from "ebb";
import filter from "ebb/filter.wasm";

export default defineGateway({
  services: {
    orders: {
      route: { prefix: "/orders" },
      upstream: { url: "${urlOf(upstream)}" },
      filter,
      authorization: { protocol: "forward-auth", cluster: "auth", path: "/", upstreamHeaders: ["x-user"] },
      clusters: { auth: { url: "${urlOf(authorization)}" } },
      ${serviceFields}
    },
  },
});
`;
}

/** All files of a Worker with the gateway. */
function worker(): Record<string, string> {
  return {
    "gateway.config.ts": configuration(),
    "src/index.ts": `import { createGateway } from "ebb";
import config from "../gateway.config.js";

const gateway = createGateway(config);

export default gateway.worker;
export const { ServiceObject, AuthorizationCalls } = gateway;
`,
    "src/host.ts": `import { FilterInstance, type HostServices } from "ebb/host";

export const start = (services: HostServices): unknown => [services, FilterInstance];
`,
    "wrangler.toml": `name = "orders"
main = "src/index.ts"
compatibility_date = "2026-11-01"

[[durable_objects.bindings]]
name = "SERVICE_OBJECT"
class_name = "ServiceObject"

[exports.ServiceObject]
type = "durable-object"
storage = "sqlite"
`,
    ".dev.vars": `OPERATOR_TOKEN=${OPERATOR_TOKEN}\n`,
  };
}

describe("the tarball", () => {
  const installed = (name: string) => join(project.folder, "node_modules/ebb", name);

  it("has compiled files, types, pages and one filter: no sources, tests or benches", () => {
    const expected = [
      /^(package\.json|README\.md|LICENSE)$/,
      /^docs\/[\w-]+\.md$/,
      /^package\/(filter\.d\.ts|require\.cjs|require\.d\.cts)$/,
      /^package\/build\/(package|config|worker|durable|wasm|scripts)\/.+(?<!\.test)\.(js|d\.ts)$/,
      /^package\/build\/wasm\/filter\/build\/filter\.wasm$/,
    ];
    expect(packed.names.filter((name) => !expected.some((form) => form.test(name)))).toEqual([]);
    expect(packed.names.filter((name) => /(^|\/)(testing|tests?|bench|eval)\//.test(name))).toEqual([]);
    expect(packed.names).toContain(FILTER);
  });

  it("has every file that its compiled files and declarations import", () => {
    const missing = packed.names
      .filter((name) => /\.(js|d\.ts)$/.test(name))
      .flatMap((name) => {
        const imports = readFileSync(installed(name), "utf8").matchAll(/^.*(?:from |import\()"(\.{1,2}\/[^"]+)".*$/gm);
        const inCode = [...imports].filter(([line]) => !/^\s*(\*|\/\/)/.test(line));
        return inCode
          .map(([, specifier]) => join(dirname(name), specifier!))
          .map((file) => (name.endsWith(".d.ts") ? file.replace(/\.js$/, ".d.ts") : file))
          .filter((file) => !existsSync(installed(file)));
      });
    expect(missing).toEqual([]);
  });

  it("installs only what runs: nothing that builds or tests", async () => {
    const names = ["assemblyscript", "wrangler", "vitest", "typescript", "publint"];
    expect(names.filter((name) => existsSync(join(project.folder, "node_modules", name)))).toEqual([]);
    for (const name of ["install", "preinstall", "postinstall", "prepare"]) {
      expect(packageJson.scripts).not.toHaveProperty(name);
    }
    expect(packageJson.private).toBe(true);
  });

  it("has a filter whose memory may grow as far as a configuration may ask for", async () => {
    const { maximumPages } = readMemoryLimits(await readFile(installed(FILTER)))!;
    expect(maximumPages! * CONFIG_LIMITS.pageBytes).toBe(CONFIG_LIMITS.maxCacheBytes);
  });

  it("is clean by publint and, for ES modules, by arethetypeswrong", async () => {
    const checks = await Promise.all([
      tool("publint", "--strict", packed.tarball),
      tool("attw", packed.tarball, "--profile", "esm-only", "--exclude-entrypoints", "filter.wasm"),
    ]);
    expect(checks).toEqual(checks.map(() => expect.objectContaining({ code: 0 })));
    expect(checks[0]!.output).toContain("All good!");
    expect(checks[1]!.output).toContain('"ebb/host"');
  });

  it("exports the same names to Node as to Workers", async () => {
    const namesFor = async (...conditions: string[]): Promise<string[]> => {
      const { metafile } = await build({
        stdin: { contents: 'export * from "ebb";', resolveDir: project.folder },
        ...{ bundle: true, write: false, metafile: true, format: "esm", conditions, external: ["cloudflare:*"] },
      });
      return Object.values(metafile.outputs)[0]!.exports;
    };
    expect(await namesFor("node")).toEqual(await namesFor("workerd"));
    expect(await namesFor("workerd")).toEqual(
      expect.arrayContaining(["createGateway", "defineGateway", "identity", "secret", "variable"]),
    );
  });
});

describe("the types", () => {
  /** An app that has an environment of its own, and handlers of other events. */
  const APP = `import { createGateway, defineGateway, identity, variable, type HandlerInput } from "ebb";
import { AutoRouter } from "itty-router";
import { Hono } from "hono";

interface Env { readonly DB: D1Database }
const hono = new Hono<{ Bindings: Env }>().get("/", (c) => c.text(identity(c.req.raw, { user: "x-user" }).user ?? ""));
const itty = AutoRouter().get("/", () => "");
const exported: ExportedHandler<Env> = { fetch: () => new Response() };
const plain = { fetch: (_request: Request, env: Env) => new Response(String(env.DB)) };
const service = (handler: HandlerInput) => ({
  route: { prefix: "/a" },
  upstream: { handler },
  authorization: { protocol: "jwt", issuers: [{ issuer: variable("ISSUER"), audience: "a" }] } as const,
});
const [a, b, c, d] = [service(hono), service(itty), service(exported), service(plain)];
const gateway = createGateway(defineGateway({ services: { a: a!, b: b!, c: c!, d: d! } }));
export default { ...gateway.worker, scheduled() {} } satisfies ExportedHandler<Env>;
`;

  const strict = { strict: true, noEmit: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
  const libraries = { target: "es2022", lib: ["es2022"], skipLibCheck: false, types: ["@cloudflare/workers-types"] };

  const compiled = async (options: object) => {
    const compilerOptions = { ...strict, ...libraries, ...options };
    await project.write({ "tsconfig.json": JSON.stringify({ compilerOptions, include: ["src", "*.ts"] }) });
    return project.compileTypes();
  };

  it.each([
    ["bundler", "esnext"],
    ["node16", "node16"],
    ["nodenext", "nodenext"],
  ])("resolve under moduleResolution %s, also where libraries are checked", async (moduleResolution, module) => {
    expect(await compiled({ moduleResolution, module })).toEqual({ code: 0, output: "" });
  });

  it("fit apps with an environment of their own, beside other handlers of the Worker", async () => {
    await project.write({ "src/app.ts": APP });
    const result = await compiled({ moduleResolution: "bundler", module: "esnext", skipLibCheck: true });
    await rm(join(project.folder, "src/app.ts"));
    expect(result).toEqual({ code: 0, output: "" });
  });

  it("go with those that `wrangler types` makes", async () => {
    expect(await project.wrangler("types", "worker-configuration.d.ts")).toMatchObject({ code: 0 });
    const options = { moduleResolution: "bundler", module: "esnext", types: [], skipLibCheck: true };
    expect(await compiled(options)).toEqual({ code: 0, output: "" });
    await rm(join(project.folder, "worker-configuration.d.ts"));
  });

  it("find a mistake in a configuration", async () => {
    await project.write({ "gateway.config.ts": configuration('cache: { maxTtlMs: "long" },') });
    const { code, output } = await compiled({ moduleResolution: "bundler", module: "esnext" });
    await project.write({ "gateway.config.ts": configuration() });
    expect(code).not.toBe(0);
    expect(output).toMatch(/gateway\.config\.ts\(\d+,\d+\): error .*'string' is not assignable to type 'number'/);
  });
});

describe("the command", () => {
  it("checks a configuration that imports the package", async () => {
    const { code, output } = await project.ebb(["check-config"]);
    expect(output).toMatch(
      /^orders: \/orders on any host -> http:\/\/127\.0\.0\.1:\d+; forward-auth at auth, 0 rules\n/,
    );
    expect(code).toBe(0);
  });

  it("takes the packaged filter for the built-in one, whatever the limit of the service", async () => {
    const mib = 1_048_576;
    await project.write({
      "small.config.ts": configuration(`cache: { maxBytes: ${4 * mib} }, restart: { hardLimitBytes: ${8 * mib} },`),
    });
    expect(await project.ebb(["check-config", "small.config.ts"])).toMatchObject({ code: 0 });
  });

  it("says that it needs wrangler to read an environment", async () => {
    expect(await project.ebb(["check-config", "--env", "staging"])).toEqual({
      code: 1,
      output: "wrangler.toml is read by wrangler, which is not installed here: npm install wrangler\n",
    });
  });

  it("names every wrong field and exits with 1", async () => {
    await project.write({ "wrong.config.ts": configuration('unmatched: "open", rout: 1,') });
    const { code, output } = await project.ebb(["check-config", "wrong.config.ts"]);
    expect(output.split("\n")).toEqual([
      expect.stringMatching(/^wrong\.config\.ts: services\.orders\.rout: found an unknown field; allowed: /),
      expect.stringMatching(/^wrong\.config\.ts: services\.orders\.unmatched: found "open"; allowed: /),
      "2 problems",
      "",
    ]);
    expect(code).toBe(1);
  });

  it("is not broken by an import of the platform's modules", async () => {
    const platform = `import { env, WorkerEntrypoint } from "cloudflare:workers";
import { connect } from "cloudflare:sockets";
class Entry extends WorkerEntrypoint {}
export const used = [env.ANY, Entry, connect];
`;
    await project.write({ "platform.config.ts": platform + configuration() });
    expect(await project.ebb(["check-config", "platform.config.ts"])).toMatchObject({ code: 0 });
  });

  it("tests a policy against the gateway of the package, with the runtime that wrangler installs", async () => {
    const runtime = join(project.folder, "node_modules/workerd");
    await project.write({
      "gateway.test.yaml": `gateway: gateway.config.ts
users:
  ann: {}
  eve: refused
tests:
  - GET /orders/1 as ann -> allow
  - GET /orders/1 as eve -> 403
  - GET /orders/1 -> 401
`,
    });
    const without = await project.ebb(["test"]);
    expect(without).toMatchObject({ code: 2, output: expect.stringContaining("wrangler") });
    await symlink(join(import.meta.dirname, "../../node_modules/workerd"), runtime);
    const { code, output } = await project.ebb(["test"]);
    expect(output).toContain("3 passed, 0 failed");
    expect(code).toBe(0);
    await project.write({ "wrong.test.yaml": "gateway: gateway.config.ts\ntests:\n  - GET /orders/1 -> allow\n" });
    expect(await project.ebb(["test", "wrong.test.yaml"])).toMatchObject({ code: 1 });
  });

  it("has the repository's tools, which call themselves by its name", async () => {
    const filter = join("node_modules/ebb", FILTER);
    expect(await project.ebb(["--version"])).toEqual({ code: 0, output: `${packageJson.version}\n` });
    for (const name of ["filter", "traffic", "api-key", "check-config", "test"]) {
      const { code, output } = await project.ebb([name, "--help"]);
      expect(output).toMatch(new RegExp(`^ebb ${name} `));
      expect(output).not.toContain("npm run");
      expect(code).toBe(0);
    }
    expect((await project.ebb(["filter", "cap", filter, "--out", "capped.wasm"])).code).toBe(0);
    const { maximumPages } = readMemoryLimits(await readFile(join(project.folder, "capped.wasm")))!;
    expect(maximumPages! * CONFIG_LIMITS.pageBytes).toBe(64 * 1_048_576);
    expect((await project.ebb(["api-key", "create", "ann"])).output).toMatch(/^The key, shown only now:\nebb_\w+\n/);
    expect(await project.ebb(["traffic", "--url", "http://127.0.0.1:1"])).toMatchObject({
      code: 1,
      output: expect.stringMatching("Start the gateway first \\(wrangler dev\\)"),
    });
  });

  it("refuses a filter of one's own without a maximum, and names the command that sets one", async () => {
    const withoutMaximum = "AGFzbQEAAAAFAwEAAQ==";
    await project.write({
      "own.config.ts": `import filter from "./own.wasm";
export default { services: { a: { upstream: { url: "https://a.example" }, route: { prefix: "/" }, filter, configuration: "" } } };`,
    });
    await project.node(`require("fs").writeFileSync("own.wasm", Buffer.from("${withoutMaximum}", "base64"))`);
    const { code, output } = await project.ebb(["check-config", "own.config.ts"]);
    expect(output).toMatch(/no memory maximum.*`ebb filter cap own\.wasm --maximum-bytes \d+`/);
    expect(code).toBe(1);
  });
});

describe("a Worker with the gateway", () => {
  let dev: DevServer;

  beforeAll(async () => {
    dev = await startWranglerDev(project.folder);
  });
  afterAll(() => dev?.stop());

  const ask = (path: string, token?: string) =>
    fetch(dev.origin + path, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });

  it("passes what the authorization server allows, with the identity that it names", async () => {
    const response = await ask("/orders/1", "of-ann");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ url: "/orders/1", user: "ann" });
  });

  it("refuses everything else", async () => {
    expect((await ask("/orders/1", "of-bob")).status).toBe(403);
    expect((await ask("/orders/1")).status).toBe(401);
    expect((await ask("/elsewhere", "of-ann")).status).toBe(404);
  });

  it("answers the operator's commands, with the token of the environment only", async () => {
    const target = ["--url", dev.origin];
    const env = { OPERATOR_TOKEN };
    const stats = await project.ebb(["stats", ...target], { env });
    expect(JSON.parse(stats.output)).toMatchObject({ services: [{ name: "orders" }] });
    const purge = ["purge", ...target, "--service", "orders", "--credential", "-"];
    expect(JSON.parse((await project.ebb(purge, { env, input: "Bearer of-ann\n" })).output)).toEqual({
      services: { orders: { purged: 1, stored: false } },
    });
    const restart = await project.ebb(["restart", ...target, "--all", "--dry-run"], { env });
    expect(JSON.parse(restart.output)).toMatchObject({ services: { orders: { plan: expect.anything() } } });

    expect(await project.ebb(["stats", ...target])).toEqual({
      code: 1,
      output: "The gateway wants its operator token: put it into the environment variable OPERATOR_TOKEN.\n",
    });
    expect(
      await project.ebb(["stats", ...target, "--token-env", "OTHER"], { env: { OTHER: "another-token" } }),
    ).toEqual({
      code: 1,
      output: "The gateway does not accept the token in the environment variable OTHER.\n",
    });
  });

  it("is bundled for a deployment", async () => {
    const { code, output } = await project.wrangler("deploy", "--dry-run", "--outdir", "bundle");
    expect(output).toContain("env.SERVICE_OBJECT (ServiceObject)");
    expect(output).not.toMatch(/warning/i);
    expect(code).toBe(0);
  });
});

it("the lines of docs/package.md are a Worker that check-config and wrangler accept", async () => {
  const page = await readFile("docs/package.md", "utf8");
  const blocks = [...page.matchAll(/^`(\S+)`.*:\n\n```\w+\n([^`]+)```$/gm)];
  const files = blocks.map(([, name, text]) => [`page/${name}`, text!] as const);
  expect(files.map(([name]) => name)).toEqual(["page/gateway.config.ts", "page/src/index.ts", "page/wrangler.toml"]);
  await project.write(Object.fromEntries(files));
  expect(await project.ebb(["check-config", "page/gateway.config.ts"])).toMatchObject({ code: 0 });
  expect(await project.wrangler("deploy", "--dry-run", "--config", "page/wrangler.toml")).toMatchObject({ code: 0 });
});

it("the build of docs/package.md stops the deployment of a filter that does not start", async () => {
  const page = await readFile("docs/package.md", "utf8");
  const [, build = ""] = /^```toml\n(\[build\]\n[^`]+)```$/m.exec(page) ?? [];
  const [, toml = ""] = /^`wrangler\.toml`:\n\n```toml\n([^`]+)```$/m.exec(page) ?? [];
  const [, index = ""] = /^`src\/index\.ts`:\n\n```ts\n([^`]+)```$/m.exec(page) ?? [];
  await project.write({
    "checked/wrangler.toml": `${toml}\n${build}`,
    "checked/src/index.ts": index,
    "checked/gateway.config.ts": `import { defineGateway } from "ebb";
      import filter from "ebb/filter.wasm";
      export default defineGateway({ services: { orders: {
        route: { prefix: "/orders" }, upstream: { url: "https://orders.example.com" },
        filter, configuration: "none that it accepts",
        restart: { hardLimitBytes: ${CONFIG_LIMITS.maxCacheBytes} } } } });`,
  });
  const { code, output } = await run(join(project.folder, "checked"), [
    process.execPath,
    WRANGLER,
    "deploy",
    "--dry-run",
  ]);
  expect(output).toMatch(/filter\.wasm, which does not start: .*configure/);
  expect(code).not.toBe(0);
});

it("the lines of docs/handler.md are a whole Worker, which wrangler accepts", async () => {
  const page = await readFile("docs/handler.md", "utf8");
  const blocks = [...page.matchAll(/`(\S+)`, whole:\n\n```\w+\n([^`]+)```$/gm)];
  expect(blocks.map(([, name]) => name)).toEqual(["index.ts", "wrangler.toml"]);
  await project.write(Object.fromEntries(blocks.map(([, name, text]) => [`app/${name}`, text!])));
  expect(await project.wrangler("deploy", "--dry-run", "--config", "app/wrangler.toml")).toMatchObject({ code: 0 });
  const compilerOptions = {
    moduleResolution: "bundler",
    module: "esnext",
    strict: true,
    noEmit: true,
    lib: ["es2022"],
  };
  const types = ["@cloudflare/workers-types"];
  await project.write({ "app/tsconfig.json": JSON.stringify({ compilerOptions: { ...compilerOptions, types } }) });
  expect(await project.compileTypes("app")).toEqual({ code: 0, output: "" });
});

it("npx, as docs/package.md calls it, leaves the options to the command", async () => {
  const [, call = ""] = /^Call it by `(npx [^`]+)`/m.exec(await readFile("docs/package.md", "utf8")) ?? [];
  const [program, ...args] = call.split(" ");
  expect(await project.run([program!, ...args, "--version"])).toEqual({ code: 0, output: `${packageJson.version}\n` });
});

describe('a project without "type": "module"', () => {
  let commonJs: Project;

  beforeAll(async () => {
    await mkdir(join(folder, "commonjs"));
    commonJs = await Project.create(join(folder, "commonjs"), packed.tarball, {});
    await commonJs.write(worker());
  });

  it("has a Worker that wrangler bundles, and a configuration that check-config reads", async () => {
    expect(await commonJs.wrangler("deploy", "--dry-run", "--outdir", "bundle")).toMatchObject({ code: 0 });
    expect(await commonJs.ebb(["check-config"])).toMatchObject({ code: 0 });
  });

  it('is told why require("ebb") fails, and what to write', async () => {
    const { code, output } = await commonJs.node('require("ebb")');
    expect(output).toMatch(/Error: ebb is an ES module and cannot be loaded by require\("ebb"\)\. Write `import /);
    expect(code).toBe(1);
  });

  it("is told so by TypeScript where it compiles to CommonJS", async () => {
    const compilerOptions = { module: "nodenext", strict: true, noEmit: true, types: ["@cloudflare/workers-types"] };
    await commonJs.write({ "tsconfig.json": JSON.stringify({ compilerOptions, files: ["gateway.config.ts"] }) });
    const { output } = await commonJs.compileTypes();
    expect(output).toMatch(/gateway\.config\.ts\(\d+,\d+\): error .*ebb is an ES module: import it in a \.mts file/);
  });

  it("can use the host and a configuration in Node; a gateway needs Workers, and says so", async () => {
    const use = `import("ebb/host").then(async ({ inspectModule }) => {
      const { defineGateway, createGateway } = await import("ebb");
      const bytes = require("fs").readFileSync(require.resolve("ebb/filter.wasm"));
      console.log(inspectModule(new WebAssembly.Module(bytes)).abiVersion, typeof defineGateway);
      createGateway({ services: {} });
    })`;
    const { code, output } = await commonJs.node(use);
    expect(output).toMatch(/^0\.2\.1 function\n(?:.*\n)*.*Error: ebb: createGateway\(\) runs in Workers only/);
    expect(code).toBe(1);
  });
});

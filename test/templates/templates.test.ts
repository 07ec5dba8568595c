/** Does what each template's README says, with the packed tarball. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import packageJson from "../../package.json" with { type: "json" };
import { buildExamples, exampleFile } from "../../scripts/build-examples.ts";
import { readEnvironment } from "../../scripts/check-config/wrangler-environment.ts";
import { loadConfig } from "../../scripts/load-config.ts";
import { pack } from "../package/project.ts";
import type { Ended } from "../package/run.ts";
import { commandsIn } from "./readme.ts";
import { RunningTemplate } from "./running-template.ts";
import { manifestOf, TEMPLATES, type TemplateName, TemplateProject, templateFile } from "./template.ts";

let folder: string;
const projects = new Map<TemplateName, TemplateProject>();
/** How the last command of each README ends, without its upload. */
const dryRuns = new Map<TemplateName, Ended>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ebb-templates-"));
  const { tarball } = await pack(folder);
  await Promise.all(
    TEMPLATES.map(async (name) => {
      const project = await TemplateProject.create(name, join(folder, name), tarball);
      projects.set(name, project);
      dryRuns.set(name, await project.shell("npm run deploy -- --dry-run"));
    }),
  );
}, 180_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

function text(template: TemplateName, name: string): Promise<string> {
  return readFile(templateFile(template, name), "utf8");
}

async function shown(template: TemplateName, heading: string) {
  return commandsIn(await text(template, "README.md")).filter((line) => line.heading === heading);
}

describe.each(TEMPLATES)("the template %s", (template) => {
  it("is copied and installed by the first commands of its README", async () => {
    const { name, version } = packageJson;
    const lines = (await shown(template, "Set up")).map(({ command }) => command);
    expect(lines).toEqual([
      "npm install && npm pack",
      `cp -R templates/${template} ../orders && cp ${name}-${version}.tgz ../orders/ebb.tgz`,
      "cd ../orders",
      "npm install",
      "npm run check",
      "npm test",
    ]);
  });

  it("names only scripts in its README that it has", async () => {
    const page = await text(template, "README.md");
    const named = [...page.matchAll(/\bnpm (?:run )?(?!install|pack|may)([\w:-]+)/g)].map(([, name]) => name);
    const { scripts } = await manifestOf(template);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(["dev", "check", "test", "deploy"]));
    expect(new Set(named)).toEqual(new Set(Object.keys(scripts)));
  });

  it("installs nothing by the bare name that anybody may register, and the versions that are tested here", async () => {
    const { private: isPrivate, dependencies, devDependencies } = await manifestOf(template);
    const { ebb, ...others } = { ...dependencies, ...devDependencies };
    expect(isPrivate).toBe(true);
    expect(ebb).toBe("file:./ebb.tgz");
    const known: Record<string, string> = { ...packageJson.dependencies, ...packageJson.devDependencies };
    expect(others).toEqual(Object.fromEntries(Object.keys(others).map((name) => [name, known[name]])));
  });

  it("describes each variable and secret, and offers no secret that would open a deployed gateway", async () => {
    const read = await readEnvironment(templateFile(template, "gateway.config.ts"), "");
    if (!read.ok) throw new Error(read.message);
    const { vars, requiredSecrets } = read.environment;
    const secrets = [...(await text(template, ".dev.vars.example")).matchAll(/^(\w+)="(.*)"$/gm)];
    const names = secrets.map(([, name]) => name!);
    const { bindings } = (await manifestOf(template)).cloudflare;
    expect(Object.keys(bindings).toSorted()).toEqual([...Object.keys(vars), ...names].toSorted());
    expect(names).toEqual([...(requiredSecrets ?? []), "OPERATOR_TOKEN"]);
    // What the gateway sends to a server may be known: the server checks it.
    const opening = secrets.filter(([, name]) => name !== "INTROSPECTION_SECRET");
    expect(opening.map(([, , value]) => value)).toEqual(opening.map(() => ""));
  });

  it("is checked, tested and bundled by the last commands of its README", async () => {
    const lines = await shown(template, "Deploy");
    const read = await readEnvironment(templateFile(template, "gateway.config.ts"), "");
    const required = read.ok ? (read.environment.requiredSecrets ?? []) : [];
    expect(lines.map(({ command }) => command.replace(/ <.*/, ""))).toEqual([
      ...[...required, "OPERATOR_TOKEN"].map((name) => `npx wrangler secret put ${name}`),
      "npm run deploy",
    ]);
    const { code, output } = dryRuns.get(template)!;
    expect(output).toMatch(/^\d+ passed, 0 failed$/m);
    expect(output).not.toMatch(/hint|warning/i);
    expect(output).toContain("env.SERVICE_OBJECT (ServiceObject)");
    expect(output).toContain("--dry-run: exiting now.");
    expect(code).toBe(0);
  });
});

describe("a loosened rule", () => {
  it("fails a test, and is not deployed", async () => {
    const project = projects.get("api-keys")!;
    const file = join(project.folder, "gateway.config.ts");
    const config = await readFile(file, "utf8");
    await writeFile(file, config.replace('methods: ["DELETE"], scopes: ["orders:write"]', 'methods: ["DELETE"]'));
    const { code, output } = await project.shell("npm run deploy -- --dry-run");
    await writeFile(file, config);
    expect(output).toContain("DELETE /orders/1 as bob");
    expect(output).not.toContain("--dry-run: exiting now.");
    expect(code).not.toBe(0);
  });
});

describe("what runs under the script dev", () => {
  const running = new Map<TemplateName, RunningTemplate>();

  beforeAll(async () => {
    // All of them end before a failure counts, so that afterAll stops each that has started.
    const started = await Promise.allSettled(
      TEMPLATES.map(async (name) => {
        const commands = (await shown(name, "Run it here")).filter(({ comment }) => comment === undefined);
        running.set(name, await RunningTemplate.start(name, projects.get(name)!, commands));
      }),
    );
    for (const start of started) if (start.status === "rejected") throw start.reason;
  }, 180_000);
  afterAll(() => Promise.all([...running.values()].map((template) => template.stop())));

  describe.each(TEMPLATES)("%s", (template) => {
    const gateway = () => running.get(template)!;

    it("answers each request of the README as it says", async () => {
      const requests = (await shown(template, "Run it here")).filter(({ comment }) => comment !== undefined);
      const answers = await Promise.all(
        requests.map(async ({ command }) => `${command} # ${await gateway().ask(command)}`),
      );
      expect(answers).toEqual(requests.map(({ command, comment }) => `${command} # ${comment}`));
      expect(new Set(requests.map(({ comment }) => comment))).toEqual(new Set(["200", "401", "403"]));
    });

    it("tells the app who the caller is, whatever the client says", async () => {
      const headers = { ...gateway().credential, "x-user": "root", "x-partner": "root" };
      const response = await fetch(`${gateway().origin}/orders/7`, { headers });
      const name = template === "api-keys" ? "partner" : "user";
      expect(await response.json()).toEqual({ id: "7", [name]: "ann" });
    });

    it("lets nobody in without a valid credential, nor anybody once the server that it asks is gone", async () => {
      const ask = async (path: string, token: string) => {
        const headers = { authorization: `Bearer ${token}`, "x-api-key": token };
        return (await fetch(gateway().origin + path, { headers })).status;
      };
      expect(await ask("/orders/7", "of-nobody-of-nobody")).toBe(401);
      if (await gateway().stopServer()) expect(await ask("/orders/8", "token-of-ann-or-not")).toBe(503);
    });
  });
});

describe("the filter from Envoy", () => {
  it("is the repository's example, as its source compiles today", async () => {
    await buildExamples();
    const [copied, built] = await Promise.all([
      readFile(templateFile("envoy-filter", "http-call-and-continue.wasm")),
      readFile(exampleFile("http-call-and-continue")),
    ]);
    expect(copied.equals(built)).toBe(true);
  });

  it("has the same settings in envoy.yaml as in gateway.config.ts", async () => {
    const envoy = parse(await text("envoy-filter", "envoy.yaml")).static_resources;
    const manager = envoy.listeners[0].filter_chains[0].filters[0].typed_config;
    const { config } = manager.http_filters[0].typed_config;
    const loaded = await loadConfig(join(projects.get("envoy-filter")!.folder, "gateway.config.ts"));
    if (!loaded.ok) throw new Error(loaded.message);
    const { orders } = (loaded.config as { services: { orders: Record<string, unknown> } }).services;
    expect(orders).toMatchObject({ configuration: config.configuration.value, rootId: config.root_id });
    const clusters = envoy.clusters.map(({ name }: { name: string }) => name);
    expect(clusters).toEqual([...Object.keys(orders!.clusters as object), "orders"]);
  });
});

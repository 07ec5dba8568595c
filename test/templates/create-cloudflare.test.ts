/**
 * `npm create cloudflare -- --template` takes addresses of Git hosts only. This runs it, with a repository on this machine in place of
 * the one at the address: Git asks that one for the commit, and the archive that the host would serve is in the tool's cache. Its
 * installations are left out; templates.test.ts has the others.
 */
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { readEnvironment } from "../../scripts/check-config/wrangler-environment.ts";
import { type Ended, run } from "../package/run.ts";
import { type Manifest, TEMPLATES, type TemplateName, templateFile } from "./template.ts";

const COMMAND = join(import.meta.dirname, "../../node_modules/create-cloudflare/bin/c3.js");
const REPOSITORY = "owner/repository";

let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ebb-create-"));
  const remote = join(folder, "remote");
  await mkdir(remote);
  for (const name of TEMPLATES) await copyTemplate(name, join(remote, "templates", name));
  const git = async (...args: string[]): Promise<string> => {
    const author = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
    const { code, output } = await run(remote, ["git", ...author, ...args]);
    if (code !== 0) throw new Error(`git ${args.join(" ")} fails:\n${output}`);
    return output.trim();
  };
  await git("init", "--quiet", "--initial-branch", "main");
  await git("add", ".");
  await git("commit", "--quiet", "--message", "templates");
  const commit = await git("rev-parse", "HEAD");

  const home = join(folder, "home");
  const cache = join(home, ".degit/github", REPOSITORY);
  await mkdir(cache, { recursive: true });
  await git("archive", `--prefix=repository-${commit}/`, `--output=${join(cache, `${commit}.tar.gz`)}`, "HEAD");

  const programs = join(folder, "programs");
  await mkdir(programs);
  await writeFile(join(programs, "npm"), "#!/bin/sh\nexit 0\n");
  await chmod(join(programs, "npm"), 0o755);
  env = {
    HOME: home,
    PATH: `${programs}:${process.env.PATH}`,
    CI: "1",
    CREATE_CLOUDFLARE_TELEMETRY_DISABLED: "1",
    npm_config_user_agent: "npm/11.0.0 node/v24.0.0",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: `url.${remote}.insteadOf`,
    GIT_CONFIG_VALUE_0: `https://github.com/${REPOSITORY}`,
  };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Without what a developer may have installed in it. */
function copyTemplate(template: TemplateName, destination: string): Promise<void> {
  const skipped = /\/(node_modules|\.wrangler|dist|ebb\.tgz|package-lock\.json|\.dev\.vars)$/;
  return cp(templateFile(template, ""), destination, { recursive: true, filter: (path) => !skipped.test(path) });
}

async function create(name: string, address: string): Promise<Ended> {
  const options = ["--no-deploy", "--no-git", "--no-agents", "--no-auto-update"];
  return run(folder, [process.execPath, COMMAND, name, "--template", address, ...options], { env });
}

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
}

describe.each(TEMPLATES)("npm create cloudflare, from templates/%s", (template) => {
  const project = () => join(folder, `my-${template}`);
  const remote = () => join(folder, "remote/templates", template);

  beforeAll(async () => {
    const { code, output } = await create(`my-${template}`, `github:${REPOSITORY}/templates/${template}`);
    expect(code, output).toBe(0);
    expect(output).toContain("Application created successfully");
  });

  it("gives all files of the template, and changes only those that say what is installed and deployed", async () => {
    const files = await filesIn(remote());
    expect((await filesIn(project())).toSorted()).toEqual(files.toSorted());
    const isSame = async (file: string) =>
      (await readFile(join(project(), file))).equals(await readFile(join(remote(), file)));
    const same = await Promise.all(files.map(isSame));
    const changed = files.filter((_, index) => !same[index]);
    expect(["wrangler.toml", "package.json", ".gitignore"]).toEqual(expect.arrayContaining(changed));
  });

  it("leaves the scripts and the dependencies", async () => {
    const [before, after] = await Promise.all(
      [remote(), project()].map(async (directory): Promise<Manifest> => {
        return JSON.parse(await readFile(join(directory, "package.json"), "utf8"));
      }),
    );
    const { devDependencies: _, ...others } = before!;
    expect(after).toMatchObject(others);
    expect(after!.dependencies).toEqual(before!.dependencies);
  });

  it("names the Worker, and leaves its object, variables and secrets", async () => {
    const [before, after] = await Promise.all(
      [remote(), project()].map(async (directory) => {
        const read = await readEnvironment(join(directory, "gateway.config.ts"), "");
        if (!read.ok) throw new Error(read.message);
        return { ...read.environment, file: "wrangler.toml" };
      }),
    );
    expect(after).toEqual({ ...before, worker: `my-${template}` });
  });
});

it("takes a branch after #", async () => {
  await create("of-main", `github:${REPOSITORY}/templates/jwt#main`);
  expect(existsSync(join(folder, "of-main/gateway.config.ts"))).toBe(true);
  await create("of-other", `github:${REPOSITORY}/templates/jwt#other`);
  expect(existsSync(join(folder, "of-other"))).toBe(false);
});

it("templates/ itself is no template: the address needs the folder", async () => {
  const { output } = await create("all", `github:${REPOSITORY}/templates`);
  expect(output).toContain('templates must contain a "wrangler.toml"');
  expect(existsSync(join(folder, "all"))).toBe(false);
});

it("templates/README.md lists every template, and shows addresses of the form that is tried here", async () => {
  const page = await readFile("templates/README.md", "utf8");
  expect([...page.matchAll(/^\| \[(.+?)\]\(\1\/README\.md\)/gm)].map(([, name]) => name)).toEqual([...TEMPLATES]);
  const addresses = [...page.matchAll(/--template (\S+)/g)].map(([, address]) => address);
  const form = "github:OWNER/REPOSITORY/templates/jwt";
  expect(addresses).toEqual([form, `${form}#BRANCH`]);
  expect(page).toContain(
    "deploy.workers.cloudflare.com/?url=https://github.com/OWNER/REPOSITORY/tree/main/templates/jwt)",
  );
  const versions = [...page.matchAll(/ebb[@-](\d+\.\d+\.\d+)/g)].map(([, version]) => version);
  expect(versions).toEqual([packageJson.version, packageJson.version]);
});

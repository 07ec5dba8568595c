import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { type Ended, run } from "./run.ts";

const root = join(import.meta.dirname, "../..");

/** A user's project: a folder with the tarball and nothing else installed, beside the types of Workers. */
export class Project {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(folder: string, tarball: string, manifest: object): Promise<Project> {
    const project = new Project(folder);
    await project.write({ "package.json": JSON.stringify({ name: "orders", private: true, ...manifest }) });
    const types = `@cloudflare/workers-types@${packageJson.devDependencies["@cloudflare/workers-types"]}`;
    const { code, output } = await run(folder, ["npm", "install", "--prefer-offline", "--no-audit", tarball, types]);
    if (code !== 0) throw new Error(`the tarball cannot be installed:\n${output}`);
    return project;
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      const file = join(this.folder, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
  }

  /** The package's own command, as `npx --no -- ebb` finds it. */
  ebb(args: readonly string[], options: { env?: Record<string, string>; input?: string } = {}): Promise<Ended> {
    return run(this.folder, [process.execPath, join(this.folder, "node_modules/.bin/ebb"), ...args], options);
  }

  node(source: string): Promise<Ended> {
    return run(this.folder, [process.execPath, "-e", source]);
  }

  wrangler(...args: string[]): Promise<Ended> {
    return run(this.folder, [process.execPath, WRANGLER, ...args]);
  }

  compileTypes(folder = "."): Promise<Ended> {
    return run(this.folder, [process.execPath, join(root, "node_modules/typescript/bin/tsc"), "-p", folder]);
  }

  run(command: readonly [string, ...string[]]): Promise<Ended> {
    return run(this.folder, command);
  }
}

export const WRANGLER = join(root, "node_modules/wrangler/bin/wrangler.js");

/** Runs a tool of the repository, such as publint. */
export function tool(name: string, ...args: string[]): Promise<Ended> {
  return run(root, [process.execPath, join(root, "node_modules/.bin", name), ...args]);
}

export interface PackedFiles {
  readonly tarball: string;
  readonly names: readonly string[];
}

/** `npm pack` in the repository. */
export async function pack(destination: string): Promise<PackedFiles> {
  const { code, output } = await run(root, ["npm", "pack", "--silent", "--json", "--pack-destination", destination]);
  if (code !== 0) throw new Error(`npm pack fails:\n${output}`);
  const reported: { filename: string; files: { path: string }[] }[] = JSON.parse(output.slice(output.indexOf("[")));
  const { filename, files } = reported[0]!;
  return { tarball: join(destination, filename), names: files.map(({ path }) => path) };
}

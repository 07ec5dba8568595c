import { cp, mkdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { type Ended, type RunOptions, run } from "../package/run.ts";

const root = join(import.meta.dirname, "../..");
const folderOfTemplates = join(root, "templates");

export const TEMPLATES = ["jwt", "api-keys", "introspection", "forward-auth", "envoy-filter"] as const;
export type TemplateName = (typeof TEMPLATES)[number];

export function templateFile(template: TemplateName, name: string): string {
  return join(folderOfTemplates, template, name);
}

export interface Manifest {
  readonly name: string;
  readonly private: boolean;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly cloudflare: { readonly bindings: Readonly<Record<string, { readonly description: string }>> };
}

export async function manifestOf(template: TemplateName): Promise<Manifest> {
  return JSON.parse(await readFile(templateFile(template, "package.json"), "utf8"));
}

/** A template as a user has it: copied, with the tarball, installed. */
export class TemplateProject {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(template: TemplateName, folder: string, tarball: string): Promise<TemplateProject> {
    await cp(join(folderOfTemplates, template), folder, { recursive: true });
    await cp(tarball, join(folder, "ebb.tgz"));
    const project = new TemplateProject(folder);
    // wrangler and workerd are large: the repository's own serve all templates.
    const install = "npm install --omit=dev --prefer-offline --no-audit --no-fund";
    const { code, output } = await project.shell(install);
    if (code !== 0) throw new Error(`${template} cannot be installed:\n${output}`);
    await project.#link("wrangler", "workerd", "typescript", "@cloudflare/workers-types");
    return project;
  }

  shell(line: string, options?: RunOptions): Promise<Ended> {
    return run(this.folder, ["sh", "-c", line], options);
  }

  async #link(...names: string[]): Promise<void> {
    const modules = join(root, "node_modules");
    const own = join(this.folder, "node_modules");
    await mkdir(join(own, "@cloudflare"), { recursive: true });
    const paths = [...names, ".bin/wrangler", ".bin/tsc"];
    // npm installs some of them by itself, as optional peers of others.
    await Promise.all(paths.map((path) => symlink(join(modules, path), join(own, path)).catch(ignoreExisting)));
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}

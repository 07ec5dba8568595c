import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Ended } from "../package/run.ts";
import { type DevServer, startServer, startWranglerDev } from "../package/wrangler-dev.ts";
import { TokenIssuer } from "../security/token-issuer.ts";
import type { ShownCommand } from "./readme.ts";
import type { TemplateName, TemplateProject } from "./template.ts";

/** A template that runs on this machine as its README says, on free ports in place of those of the README. */
export class RunningTemplate {
  readonly #project: TemplateProject;
  readonly #stops: (() => Promise<void>)[] = [];
  /** What the README asks its reader for: a token, or a key. */
  readonly #environment: Record<string, string> = {};
  /** Where the gateway finds servers of this machine. */
  readonly #variables: string[] = [];
  #lineOfKey: string | undefined;
  #gateway: DevServer | undefined;
  #server: DevServer | undefined;

  private constructor(project: TemplateProject) {
    this.#project = project;
  }

  /** Runs the README's commands, one after the other. */
  static async start(
    template: TemplateName,
    project: TemplateProject,
    commands: readonly ShownCommand[],
  ): Promise<RunningTemplate> {
    const running = new RunningTemplate(project);
    try {
      if (template === "jwt") await running.#startIssuer();
      for (const { command } of commands) await running.#do(command);
      return running;
    } catch (error) {
      await running.stop();
      throw error;
    }
  }

  get origin(): string {
    return this.#gateway!.origin;
  }

  /** Of ann. */
  get credential(): Record<string, string> {
    const { KEY, TOKEN = "token-of-ann" } = this.#environment;
    return KEY === undefined ? { authorization: `Bearer ${TOKEN}` } : { "x-api-key": KEY };
  }

  /** Runs a request of the README. @returns the status of the response */
  async ask(command: string): Promise<string> {
    const status = "curl -o /dev/null -w '%{http_code}' -s";
    const line = command.replace(/^curl -[is]/, status).replace("http://localhost:8787", this.origin);
    return (await this.#project.shell(line, { env: this.#environment })).output;
  }

  /** Ends the server that the gateway asks. @returns whether there is one */
  async stopServer(): Promise<boolean> {
    await this.#server?.stop();
    return this.#server !== undefined;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#stops.map((stop) => stop()));
  }

  async #do(command: string): Promise<void> {
    switch (command) {
      case "npm run dev:auth":
        this.#server = await startServer(this.#project.folder, command.split(" "), /on (http:\S+)/, { AUTH_PORT: "0" });
        this.#stops.push(() => this.#server!.stop());
        this.#variables.push("--var", `AUTH_URL:${this.#server.origin}`);
        return;
      case "npm run dev":
        await this.#addLineOfKey();
        this.#gateway = await startWranglerDev(this.#project.folder, [...command.split(" "), "--", ...this.#variables]);
        this.#stops.push(() => this.#gateway!.stop());
        return;
      default:
        this.#read(command, await this.#project.shell(command));
    }
  }

  async #startIssuer(): Promise<void> {
    const issuer = await TokenIssuer.start();
    this.#stops.push(() => issuer.stop());
    this.#variables.push("--var", `ISSUER:${issuer.origin}`);
    this.#environment.TOKEN = await issuer.token({ scope: "orders:read" });
  }

  #read(command: string, { code, output }: Ended): void {
    if (code !== 0) throw new Error(`${command} fails:\n${output}`);
    const [, key, line] = /only now:\n(\S+)\n\n.* secret:\n(.+)\n/.exec(output) ?? [];
    if (key === undefined) return;
    this.#environment.KEY = key;
    this.#lineOfKey = line;
  }

  /** As the README says: between the quotes. */
  async #addLineOfKey(): Promise<void> {
    if (this.#lineOfKey === undefined) return;
    const file = join(this.#project.folder, ".dev.vars");
    const secrets = await readFile(file, "utf8");
    await writeFile(file, secrets.replace('PARTNER_KEYS=""', `PARTNER_KEYS="${this.#lineOfKey}"`));
  }
}

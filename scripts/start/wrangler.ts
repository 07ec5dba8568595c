import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { StartOptions } from "./options.ts";

/** The first is the gateway, which answers on the port; it reaches the others through service bindings. */
const WORKERS = ["examples/demo", "examples/authorization-server", "examples/upstream"];
/** Time for wrangler to end workerd; after that the group is killed. */
const GRACE_MS = 5_000;
/** How long the system may take to remove killed processes. */
const CLEARING_MS = 2_000;

/** `wrangler dev` with the gateway and the demo's Workers, as a process group that can be ended as a whole. */
export class Wrangler {
  readonly #process: ChildProcess;
  /** Resolves with a description of how it ended: an exit code or a signal. */
  readonly exited: Promise<string>;

  /** Starts with empty state: data learned at another pace (`--fast`) or from other code would mislead. */
  static start(root: string, options: StartOptions): Wrangler {
    const folder = join(root, ".wrangler", `demo-${options.port}`);
    rmSync(folder, { recursive: true, force: true });
    return new Wrangler(
      spawn(process.execPath, wranglerArguments(root, folder, options), {
        cwd: root,
        env: { ...process.env, ...quiet(folder) },
        // Without a terminal on stdin wrangler offers no hotkeys. The IPC channel closes when this process ends.
        stdio: ["ignore", "inherit", "inherit", "ipc"],
        detached: true,
      }),
    );
  }

  private constructor(process: ChildProcess) {
    this.#process = process;
    this.exited = once(process, "exit").then(([code, signal]) => (signal === null ? `exit code ${code}` : `${signal}`));
  }

  /** Ends wrangler and everything it started. */
  async end(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill("SIGTERM");
      await Promise.race([this.exited, sleep(GRACE_MS, undefined, { ref: false })]);
    }
    const deadlineMs = performance.now() + CLEARING_MS;
    while (this.#killGroup() && performance.now() < deadlineMs) await sleep(20);
  }

  /** @returns false when no process of the group is left */
  #killGroup(): boolean {
    if (this.#process.pid === undefined) return false;
    try {
      return process.kill(-this.#process.pid, "SIGKILL");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
      throw error;
    }
  }
}

function wranglerArguments(root: string, folder: string, { port, fast, verbose }: StartOptions): string[] {
  const secrets = join(root, ".dev.vars");
  return [
    "--import",
    import.meta.resolve("./end-with-parent.ts"),
    join(root, "node_modules/wrangler/bin/wrangler.js"),
    "dev",
    ...WORKERS.flatMap((folder) => ["--config", join(root, folder, "wrangler.toml")]),
    ...["--port", String(port), "--ip", "localhost", "--inspector-port", "0"],
    ...["--persist-to", join(folder, "state"), "--log-level", verbose ? "log" : "warn"],
    ...["--var", "EBB_DEV:1", ...(fast ? ["--var", "DEMO_FAST:1"] : [])],
    ...keyFor(secrets),
    ...(existsSync(secrets) ? ["--env-file", secrets] : []),
    "--show-interactive-dev-session=false",
  ];
}

/** If no key is set, generates one for this run, so that decisions can be persisted (`cache.persist`). */
function keyFor(secrets: string): string[] {
  const isSet = existsSync(secrets) && /^\s*EBB_KEY\s*=/m.test(readFileSync(secrets, "utf8"));
  return isSet ? [] : ["--var", `EBB_KEY:${randomBytes(32).toString("hex")}`];
}

/** Turns off wrangler's network requests, telemetry and banner: a local gateway needs none of them. */
function quiet(folder: string): Record<string, string> {
  return {
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_NO_SKILLS_UPDATE_PROMPTS: "true",
    X_LOCAL_EXPLORER: "false",
    X_LOCAL_OBSERVABILITY: "false",
    WRANGLER_LOG_PATH: join(folder, "logs"),
    // Otherwise it would connect to other wranglers of this user that run Workers of the same name.
    WRANGLER_REGISTRY_PATH: join(folder, "registry"),
  };
}

import { execFile } from "node:child_process";

/** How a program ended, and all that it printed. */
export interface Ended {
  readonly code: number;
  readonly output: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** For standard input. */
  readonly input?: string;
}

/** Runs a program to its end, in the folder, with no more of the environment than a user's shell has. */
export function run(
  folder: string,
  [program, ...args]: readonly [string, ...string[]],
  { env = {}, input = "" }: RunOptions = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const options = {
      cwd: folder,
      env: { ...userEnvironment(), ...env },
      timeout: 120_000,
      maxBuffer: 64 * 1024 * 1024,
    };
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr });
    });
    // A program may end without reading its input.
    child.stdin?.on("error", () => {}).end(input);
  });
}

/** npm tells its scripts, such as these tests, about the project that they are of. Nothing of that is for another project. */
export function userEnvironment(): Record<string, string | undefined> {
  const ofThisProject = /^npm_(?!config_)|^npm_config_local_prefix$|^INIT_CWD$|^NODE_ENV$|^VITEST|^OPERATOR_TOKEN$/;
  const kept = Object.entries(process.env).filter(([name]) => !ofThisProject.test(name));
  return {
    ...Object.fromEntries(kept),
    NO_COLOR: "1",
    WRANGLER_SEND_METRICS: "false",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
  };
}

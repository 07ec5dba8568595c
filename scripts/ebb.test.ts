import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import packageJson from "../package.json" with { type: "json" };

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function ebb(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(import.meta.dirname, "ebb.ts"), ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

describe("the command ebb", () => {
  it("lists its commands on request, and for a call without any", async () => {
    const asked = await ebb("--help");
    const names = ["check-config", "filter", "api-key", "traffic", "stats", "purge", "restart"];
    for (const name of names) expect(asked.stdout).toMatch(new RegExp(`^  ${name} .*`, "m"));
    expect(asked.code).toBe(0);
    expect(await ebb()).toEqual({ code: 1, stdout: "", stderr: asked.stdout });
  });

  it("prints the version of the package", async () => {
    expect(await ebb("--version")).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: "" });
  });

  it.each<[string[], string]>([
    [["chek-config"], "unknown command 'chek-config'\n(Did you mean check-config?)\n(--help lists"],
    [["--urgent"], "unknown option '--urgent'\n(--help lists"],
    [["stats", "--tokn-env", "A"], "unknown option '--tokn-env'\n(Did you mean --token-env?)\n(--help lists"],
    [["stats", "orders"], "too many arguments for 'stats'. Expected 0 arguments but got 1"],
    [["purge", "--service"], "option '--service <name>' argument missing"],
    [["stats", "--token", "secret"], "unknown option '--token'"],
    [["purge"], "Name what is meant: --service NAME, --credential TEXT, or --all."],
    [["purge", "--all", "--service", "a"], "--all and --service exclude each other."],
    [["purge", "--all", "--credential", "a", "--service", "a"], "--all and --service exclude each other."],
    [["purge", "--credential", " "], "The credential is empty"],
    [["restart"], "Name what is meant: --service NAME, or --all."],
    [["filter", "inspct"], '"inspct" is no command; allowed is '],
    [["filter", "inspect", "--jsn"], "Unknown option '--jsn'"],
    [["check-config", "--stric"], "Unknown option '--stric'"],
    [["api-key", "mak"], 'found "mak", allowed are create and line'],
    [["traffic", "--users", "0"], '--users is "0"; allowed is a whole number'],
  ])("refuses %j with what to do instead", async (args, message) => {
    const { code, stdout, stderr } = await ebb(...args);
    expect(stderr).toContain(message);
    expect(stderr).toContain("--help");
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).toBe("");
    expect(code).toBe(1);
  });

  it.each(["check-config", "filter", "api-key", "traffic"])(
    "passes all options on to %s, which has a help",
    async (name) => {
      const { code, stdout } = await ebb(name, "--help");
      expect(stdout).toMatch(new RegExp(`^npm run ${name} `));
      expect(code).toBe(0);
      expect((await ebb("help", name)).stdout).toContain(`ebb ${name} --help`);
    },
  );
});

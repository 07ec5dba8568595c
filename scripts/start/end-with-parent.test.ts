import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";

const PRELOAD = pathToFileURL(join(import.meta.dirname, "end-with-parent.ts")).href;

/** Like wrangler and workerd: starts a child, and both run until killed. Both keep stdout open. */
const TOOL = `
  require("node:child_process").spawn(process.execPath, ["-e", "console.log('up'); setInterval(() => {}, 1000)"], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  setInterval(() => {}, 1000);`;

/** Starts the tool as scripts/start.ts starts wrangler. */
const STARTER = `
  require("node:child_process").spawn(process.execPath, ["--import", "${PRELOAD}", "-e", ${JSON.stringify(TOOL)}], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    detached: true,
  });`;

test("a tool and its children end when the process that started it is killed", async () => {
  const starter = spawn(process.execPath, ["-e", STARTER], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(starter.stdout, "end");
  const [text] = await once(starter.stdout.setEncoding("utf8"), "data");
  expect(text).toBe("up\n");
  starter.kill("SIGKILL");
  await closed;
});

/**
 * `npm start`: builds the filter, checks the configuration, and serves the gateway with the demo's authorization server
 * and upstream until it is stopped. `--help` lists the options.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onNpmGone } from "./start/npm.ts";
import { parseStartOptions, START_USAGE, type StartOptions } from "./start/options.ts";
import { portObstacle } from "./start/port.ts";
import { runningGateway } from "./start/running-gateway.ts";
import { welcome } from "./start/welcome.ts";
import { Wrangler } from "./start/wrangler.ts";

const ROOT = join(import.meta.dirname, "..");
/** Bundling and a cold start take a few seconds, but much longer on a small machine under load. */
const READY_TIMEOUT_MS = 120_000;
const POLL_INTERVAL_MS = 200;

const parsed = parseStartOptions(process.argv.slice(2), process.env);
switch (parsed.kind) {
  case "help":
    console.log(START_USAGE);
    break;
  case "wrong":
    console.error(`${parsed.message} (--help lists the options)`);
    process.exit(1);
    break;
  case "run":
    process.exit(await start(parsed.options));
}

/** @returns the exit code: 0 if a user stopped it, 1 if it failed or ended by itself */
async function start(options: StartOptions): Promise<number> {
  const obstacle = await portObstacle(options.port);
  if (obstacle !== undefined) {
    const reason = obstacle === "EADDRINUSE" ? "is in use" : `cannot be opened (${obstacle})`;
    console.error(`Port ${options.port} ${reason}. Choose another: PORT=${options.port + 1} npm start`);
    return 1;
  }
  console.log("Building the filter and starting the gateway …");
  if (!(await built(options))) return 1;
  const gateway = await runningGateway(join(ROOT, "gateway.config.ts"));

  const ended = endRequested();
  const wrangler = Wrangler.start(ROOT, options);
  const exited = wrangler.exited.then((how) => `Wrangler ended by itself (${how}).`);
  const ready = answers(options.port).then((yes) => {
    if (yes) console.log(welcome(options, gateway));
    return yes ? ended : `The gateway did not answer within ${READY_TIMEOUT_MS / 1000} s.`;
  });
  const failure = await Promise.race([ended, exited, ready]);
  await wrangler.end();
  if (failure === undefined) return 0;
  console.error(failure);
  return 1;
}

/** Runs the build, which also checks the configuration. Shows only problems. */
async function built({ trial }: StartOptions): Promise<boolean> {
  const noTrial = trial ? [] : ["--no-trial"];
  const tool = spawn(process.execPath, [join(import.meta.dirname, "build.ts"), ...noTrial], {
    cwd: ROOT,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = await once(tool, "exit");
  return code === 0;
}

/** Resolves when the user stops it: with a signal, or by killing npm. */
function endRequested(): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve(undefined));
  onNpmGone(() => resolve(undefined));
  return promise;
}

async function answers(port: number): Promise<boolean> {
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadlineMs) {
    try {
      const response = await fetch(`http://localhost:${port}/`, { signal: AbortSignal.timeout(5_000) });
      await response.body?.cancel();
      return true;
    } catch {
      await sleep(POLL_INTERVAL_MS);
    }
  }
  return false;
}

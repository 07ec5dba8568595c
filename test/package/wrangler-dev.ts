import { spawn } from "node:child_process";
import { once } from "node:events";
import { WRANGLER } from "./project.ts";
import { userEnvironment } from "./run.ts";

const START_TIMEOUT_MS = 60_000;

export interface DevServer {
  readonly origin: string;
  stop(): Promise<void>;
}

/** `wrangler dev` in a project, on a free port. */
export async function startWranglerDev(folder: string): Promise<DevServer> {
  const args = ["dev", "--port", "0", "--ip", "127.0.0.1", "--inspector-port", "0"];
  const child = spawn(process.execPath, [WRANGLER, ...args, "--show-interactive-dev-session=false"], {
    cwd: folder,
    env: userEnvironment(),
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, to end workerd too.
    detached: true,
  });
  const ended = once(child, "close");
  const stop = async () => {
    if (child.exitCode === null) process.kill(-child.pid!, "SIGKILL");
    await ended;
  };
  let log = "";
  const ready = new Promise<string>((resolve, reject) => {
    const fail = (how: string) => reject(new Error(`wrangler dev ${how}:\n${log}`));
    const timer = setTimeout(() => fail("is not ready"), START_TIMEOUT_MS);
    const read = (text: string) => {
      log += text;
      const origin = /Ready on (http:\/\/\S+)/.exec(log)?.[1];
      if (origin === undefined) return;
      clearTimeout(timer);
      resolve(origin);
    };
    child.stdout.setEncoding("utf8").on("data", read);
    child.stderr.setEncoding("utf8").on("data", read);
    ended.then(() => fail("ended"));
  });
  try {
    return { origin: await ready, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

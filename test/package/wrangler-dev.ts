import { spawn } from "node:child_process";
import { once } from "node:events";
import { WRANGLER } from "./project.ts";
import { userEnvironment } from "./run.ts";

const START_TIMEOUT_MS = 60_000;

export interface DevServer {
  readonly origin: string;
  stop(): Promise<void>;
}

const FREE_PORT = ["--port", "0", "--ip", "127.0.0.1", "--inspector-port", "0"];

/**
 * `wrangler dev` in a project, on a free port.
 * @param command what starts it, if not wrangler itself; takes its options
 */
export function startWranglerDev(
  folder: string,
  command: readonly string[] = [process.execPath, WRANGLER, "dev"],
): Promise<DevServer> {
  const args = [...command, ...FREE_PORT, "--show-interactive-dev-session=false"];
  return startServer(folder, args, /Ready on (http:\/\/\S+)/);
}

/**
 * A server in a process of its own.
 * @param ready finds the server's origin in its log
 */
export async function startServer(
  folder: string,
  [program, ...args]: readonly string[],
  ready: RegExp,
  env: Readonly<Record<string, string>> = {},
): Promise<DevServer> {
  const child = spawn(program!, args, {
    cwd: folder,
    env: { ...userEnvironment(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, to end what it starts too.
    detached: true,
  });
  const ended = once(child, "close");
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, "SIGKILL");
    await ended;
  };
  let log = "";
  const listening = new Promise<string>((resolve, reject) => {
    const fail = (how: string) => reject(new Error(`${program} ${args.join(" ")} ${how}:\n${log}`));
    const timer = setTimeout(() => fail("is not ready"), START_TIMEOUT_MS);
    const read = (text: string) => {
      log += text;
      const origin = ready.exec(log)?.[1];
      if (origin === undefined) return;
      clearTimeout(timer);
      resolve(origin);
    };
    child.stdout.setEncoding("utf8").on("data", read);
    child.stderr.setEncoding("utf8").on("data", read);
    ended.then(() => fail("ended"));
  });
  try {
    return { origin: await listening, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

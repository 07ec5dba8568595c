import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One `scrape_config`. */
export interface ScrapeJob {
  readonly name: string;
  /** On 127.0.0.1. */
  readonly port: number;
  readonly path: string;
  /** Sent as a bearer token. */
  readonly token?: string;
}

export interface Prometheus {
  /** The result of an instant query. @throws Error with Prometheus' own message */
  query(expression: string): Promise<QueriedSample[]>;
  /** GET of an API path. */
  get(path: string): Promise<unknown>;
  stop(): Promise<void>;
}

export interface QueriedSample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

const START_TIMEOUT_MS = 20_000;

/** Starts a Prometheus that scrapes these jobs each second, on 127.0.0.1. */
export async function startPrometheus(
  jobs: readonly ScrapeJob[],
  ruleFiles: readonly string[] = [],
): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), "ebb-prometheus-"));
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: ruleFiles,
    scrape_configs: jobs.map(({ name, port, path, token }) => ({
      job_name: name,
      metrics_path: path,
      static_configs: [{ targets: [`127.0.0.1:${port}`] }],
      ...(token === undefined ? {} : { authorization: { credentials: token } }),
    })),
  };
  // JSON is YAML.
  await writeFile(join(folder, "prometheus.yml"), JSON.stringify(config));
  const port = await freePort();
  const child = spawn(
    "prometheus",
    [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log = (log + text).slice(-16_384);
  });
  const ended = once(child, "close");
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    const untilMs = Date.now() + START_TIMEOUT_MS;
    while (!(await isReady(url))) {
      if (Date.now() > untilMs || child.exitCode !== null) throw new Error(`prometheus is not ready:\n${log}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const get = async (path: string) => (await fetch(`${url}${path}`)).json();
  return {
    stop,
    get,
    query: async (expression) => {
      const answer = (await get(`/api/v1/query?${new URLSearchParams({ query: expression })}`)) as QueryAnswer;
      if (answer.status !== "success") throw new Error(`${expression}: ${answer.error}`);
      if (answer.data.resultType !== "vector") return [];
      return answer.data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
  };
}

type QueryAnswer =
  | { readonly status: "error"; readonly error: string }
  | {
      readonly status: "success";
      readonly data: {
        readonly resultType: string;
        readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[];
      };
    };

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/-/ready`)).ok;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

import { Agent, request } from "node:http";
import { parseArgs } from "node:util";
import { buildForConfig } from "../scripts/build.ts";
import { bundleWorker } from "../scripts/bundle-worker.ts";
import { startWorkerd } from "../scripts/workerd.ts";

/**
 * Sends requests at one pace for equal spans of time, with and without forced restarts, checks that every request gets its one
 * right answer, and compares hit rates and calls. Decisions last for five seconds, so in equal spans equally many expire. Runs a
 * real workerd process with real sockets. Tokens that contain `deny` are denied.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    restarts: { type: "string", default: "1000" },
    connections: { type: "string", default: "64" },
    users: { type: "string", default: "500" },
    rate: { type: "string", default: "2000" },
  },
});
const seconds = Number(values.seconds);
const restarts = Number(values.restarts);
const connections = Number(values.connections);
const users = Number(values.users);
const rate = Number(values.rate);
if (![seconds, restarts, connections, users, rate].every((value) => value > 0)) {
  console.error("bench:restarts: --seconds, --restarts, --connections, --users and --rate must be above 0");
  process.exit(2);
}

interface Outcome {
  readonly right: number;
  readonly wrong: number;
  readonly restarted: number;
  readonly hitRate: number;
  readonly outbound: number;
}

await buildForConfig("gateway.config.ts");
const quiet = await run(0);
console.log(line("without restarts", quiet));
const restarted = await run(restarts);
console.log(line("with restarts", restarted));
console.log(
  `with restarts: hit rate ${(100 * (restarted.hitRate - quiet.hitRate)).toFixed(3)} points higher, ${restarted.outbound - quiet.outbound} calls more`,
);
if (quiet.wrong + restarted.wrong > 0) process.exitCode = 1;

async function run(forced: number): Promise<Outcome> {
  const bundle = (name: string) => bundleWorker(`bench/workers/${name}.ts`);
  const services = { UPSTREAM: "upstream", AUTHORIZATION: "deciding" };
  const gateway = { bundle: await bundle("restarting"), services, objects: { SERVICE_OBJECT: "ServiceObject" } };
  const workerd = await startWorkerd(
    {
      upstream: { bundle: await bundle("upstream") },
      deciding: { bundle: await bundle("deciding-authorization") },
      gateway: { ...gateway, text: { EBB_DEV: "1" } },
    },
    ["gateway"],
  );
  const agent = new Agent({ keepAlive: true, maxSockets: connections + 2 });
  const ask = (method: string, path: string, token?: string, sent = ""): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const port = workerd.ports.gateway!;
      request({ agent, host: "127.0.0.1", port, method, path, headers }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => (body += text));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body })).on("error", reject);
      })
        .on("error", reject)
        .end(sent);
    });
  try {
    return await load(ask, forced);
  } finally {
    agent.destroy();
    await workerd.stop();
  }
}

async function load(
  ask: (method: string, path: string, token?: string, sent?: string) => Promise<{ status: number; body: string }>,
  forced: number,
): Promise<Outcome> {
  const startedMs = performance.now();
  const endMs = startedMs + 1_000 * seconds;
  let next = 0;
  let right = 0;
  let wrong = 0;
  let restarted = 0;
  const client = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const n = next;
      next += 1;
      const waitMs = startedMs + (1_000 * n) / rate - performance.now();
      if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
      const user = (n * 7_919) % users;
      const expected = user % 10 === 0 ? 403 : 200;
      const token = `${expected === 403 ? "deny" : "allow"}-${user}`;
      const answer = await ask("GET", `/orders/${n % 97}`, token).catch(() => undefined);
      if (answer?.status === expected) right += 1;
      else wrong += 1;
    }
  };
  // Spreads the restarts over the run. Asks again if the gateway did not restart because the previous instance still
  // drains.
  const restarter = async (): Promise<void> => {
    while (restarted < forced && performance.now() < endMs) {
      if (performance.now() - startedMs < (restarted / forced) * 1_000 * seconds) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        continue;
      }
      const { body } = await ask("POST", "/stats/restart", undefined, "{}");
      if (body.includes('"restarted":true')) restarted += 1;
    }
  };
  await Promise.all([restarter(), ...Array.from({ length: connections }, client)]);
  const stats: { services: { hitRate: number; outbound: number }[] } = JSON.parse(
    (await ask("GET", "/stats?wake=1")).body,
  );
  const [service] = stats.services;
  if (service?.hitRate === undefined) throw new Error(`no stats: ${JSON.stringify(service)}`);
  return { right, wrong, restarted, hitRate: service.hitRate, outbound: service.outbound };
}

function line(name: string, { right, wrong, restarted, hitRate, outbound }: Outcome): string {
  const rate = (100 * hitRate).toFixed(3);
  return `${name}: ${right} right, ${wrong} wrong or failed, ${restarted} restarts, hit rate ${rate} %, ${outbound} outbound`;
}

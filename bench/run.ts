import { parseArgs } from "node:util";
import { buildForConfig } from "../scripts/build.ts";
import { bundleWorker } from "../scripts/bundle-worker.ts";
import { median } from "../scripts/median.ts";
import { startWorkerd } from "../scripts/workerd.ts";
import { closedLoop } from "./load.ts";

/**
 * Measures the requests per second of a cached allow, beside a Worker that calls an object which does nothing and a
 * Worker that calls no object. One process serves all three. Rounds are interleaved, so that noise of the machine
 * affects all alike.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    seconds: { type: "string", default: "3" },
    connections: { type: "string", default: "32" },
    users: { type: "string", default: "1000" },
  },
});
const [rounds, seconds, connections, users] = [values.rounds, values.seconds, values.connections, values.users].map(
  Number,
);
if (![rounds, seconds, connections, users].every((value) => value !== undefined && value > 0)) {
  console.error("bench: --rounds, --seconds, --connections and --users must be above 0");
  process.exit(2);
}

await buildForConfig("gateway.config.ts");
const bundle = (name: string) => bundleWorker(`bench/workers/${name}.ts`);
const services = { UPSTREAM: "upstream", AUTHORIZATION: "authorization" };
const contenders = ["direct", "no-op-object", "gateway"] as const;
const workerd = await startWorkerd(
  {
    upstream: { bundle: await bundle("upstream") },
    authorization: { bundle: await bundle("authorization") },
    direct: { bundle: await bundle("direct"), services },
    "no-op-object": { bundle: await bundle("no-op-object"), services, objects: { NO_OP: "NoOp" } },
    gateway: { bundle: await bundle("gateway"), services, objects: { SERVICE_OBJECT: "ServiceObject" } },
  },
  contenders,
);

/** A browser's usual headers, so that requests have a realistic size. */
function requestOf(n: number): string {
  return [
    `GET /orders/${n % 97} HTTP/1.1`,
    "Host: api.example",
    `Authorization: Bearer token-of-user-${n % users!}`,
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
    "Accept: application/json, text/plain, */*",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Accept-Language: en-GB,en;q=0.9",
    "Referer: https://app.example/orders",
    "\r\n",
  ].join("\r\n");
}

try {
  const measured = new Map<string, number[]>(contenders.map((name) => [name, []]));
  for (const name of contenders) await closedLoop(workerd.ports[name]!, connections!, 1_500, requestOf);
  for (let round = 0; round < rounds!; round += 1) {
    for (const name of contenders) {
      const result = await closedLoop(workerd.ports[name]!, connections!, seconds! * 1_000, requestOf);
      if (result.failures > 0)
        throw new Error(`${name}: ${result.failures} of ${result.requests} failed:\n${workerd.log()}`);
      measured.get(name)!.push(result.requestsPerSecond);
    }
    console.error(`round ${round + 1} of ${rounds}`);
  }
  const floor = median(measured.get("no-op-object")!);
  console.log("                 requests/s (median)   of a no-op object");
  for (const name of contenders) {
    const rate = median(measured.get(name)!);
    console.log(`${name.padEnd(16)} ${rate.toFixed(0).padStart(19)} ${(rate / floor).toFixed(3).padStart(19)}`);
  }
} finally {
  await workerd.stop();
}

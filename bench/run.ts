import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { buildForConfig } from "../scripts/build.ts";
import { bundleWorker } from "../scripts/bundle-worker.ts";
import { median } from "../scripts/median.ts";
import { startWorkerd } from "../scripts/workerd.ts";
import { closedLoop } from "./load.ts";
import { processCpuUs } from "./process-cpu.ts";

/**
 * What a cached allow costs, beside the same by hand (bench/workers/by-hand.ts), a Worker that calls an object which does
 * nothing, and a Worker that calls no object. One process serves all, in short turns, so that noise of the machine affects
 * all alike. The ratios are medians over the rounds of a contender's figure over the other's in the same round.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    seconds: { type: "string", default: "3" },
    connections: { type: "string", default: "16" },
    users: { type: "string", default: "100" },
    json: { type: "string" },
  },
});
const [rounds, seconds, connections, users] = [values.rounds, values.seconds, values.connections, values.users].map(
  Number,
) as [number, number, number, number];
if (![rounds, seconds, connections, users].every((value) => value > 0)) {
  console.error("bench: --rounds, --seconds, --connections and --users must be above 0");
  process.exit(2);
}

const CONTENDERS = {
  bare: { worker: "direct", objects: {} },
  noop: { worker: "no-op-object", objects: { NO_OP: "NoOp" } },
  byHand: { worker: "by-hand", objects: { DECISIONS: "Decisions" } },
  cached: { worker: "gateway", objects: { SERVICE_OBJECT: "ServiceObject" } },
  edge: { worker: "edge-gateway", objects: { SERVICE_OBJECT: "ServiceObject" } },
} as const;
type Contender = keyof typeof CONTENDERS;
const NAMES = Object.keys(CONTENDERS) as Contender[];
const TITLES: Readonly<Record<Contender, string>> = {
  bare: "passes on",
  noop: "no-op object",
  byHand: "by hand",
  cached: "Ebb, cached",
  edge: "Ebb, edge",
};
/** Turns of each contender in a round. */
const TURNS = 4;
const FIGURES = ["cpuUs", "requestsPerSecond", "p50Ms", "p99Ms"] as const;
type Figures = Record<(typeof FIGURES)[number], number>;

await buildForConfig("gateway.config.ts");
const bundle = (name: string) => bundleWorker(`bench/workers/${name}.ts`);
const services = { UPSTREAM: "upstream", AUTHORIZATION: "authorization" };
const workers = await Promise.all(
  NAMES.map(async (name) => {
    const { worker, objects } = CONTENDERS[name];
    return [name, { bundle: await bundle(worker), services, objects }] as const;
  }),
);
const workerd = await startWorkerd(
  {
    upstream: { bundle: await bundle("upstream") },
    authorization: { bundle: await bundle("authorization") },
    ...Object.fromEntries(workers),
  },
  NAMES,
);

/** A browser's usual headers, so that requests have a realistic size. */
function requestOf(n: number): string {
  return [
    // Each user repeats one request, as a page that polls does.
    `GET /orders/${(n % users) % 97} HTTP/1.1`,
    "Host: api.example",
    `Authorization: Bearer token-of-user-${n % users}`,
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
    "Accept: application/json, text/plain, */*",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Accept-Language: en-GB,en;q=0.9",
    "Referer: https://app.example/orders",
    "\r\n",
  ].join("\r\n");
}

/** One round: the contenders take turns. */
async function roundOf(): Promise<Record<Contender, Figures>> {
  const sums = new Map(NAMES.map((name) => [name, { cpuUs: 0, requests: 0, latenciesMs: [] as number[] }]));
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const name of NAMES) {
      const sum = sums.get(name)!;
      const beforeUs = processCpuUs(workerd.pid);
      const load = await closedLoop(workerd.ports[name]!, connections, (seconds * 1_000) / TURNS, requestOf);
      if (load.failures > 0) {
        throw new Error(`${name}: ${load.failures} of ${load.requests} requests failed:\n${workerd.log()}`);
      }
      sum.cpuUs += processCpuUs(workerd.pid) - beforeUs;
      sum.requests += load.requests;
      sum.latenciesMs.push(...load.latenciesMs);
    }
  }
  const figures = NAMES.map((name) => {
    const { cpuUs, requests, latenciesMs } = sums.get(name)!;
    const sorted = latenciesMs.sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(share * sorted.length)]!;
    return [
      name,
      { cpuUs: cpuUs / requests, requestsPerSecond: requests / seconds, p50Ms: at(0.5), p99Ms: at(0.99) },
    ] as const;
  });
  return Object.fromEntries(figures) as Record<Contender, Figures>;
}

/** Median, least and most of some rounds. */
function spreadOf(measured: readonly number[]): { median: number; least: number; most: number } {
  return { median: median([...measured]), least: Math.min(...measured), most: Math.max(...measured) };
}

try {
  for (const name of NAMES) await closedLoop(workerd.ports[name]!, connections, 1_500, requestOf);
  const measured: Record<Contender, Figures>[] = [];
  for (let round = 0; round < rounds; round += 1) {
    measured.push(await roundOf());
    console.error(`round ${round + 1} of ${rounds}`);
  }
  const ratio = (of: Contender, to: Contender) => spreadOf(measured.map((round) => round[of].cpuUs / round[to].cpuUs));
  const ratios = {
    cachedVsByHand: ratio("cached", "byHand"),
    cachedVsNoop: ratio("cached", "noop"),
    edgeVsByHand: ratio("edge", "byHand"),
    edgeVsBare: ratio("edge", "bare"),
  };
  const contenders = Object.fromEntries(
    NAMES.map((name) => [
      name,
      Object.fromEntries(FIGURES.map((figure) => [figure, spreadOf(measured.map((round) => round[name][figure]))])),
    ]),
  );
  console.log("              CPU, us (least - most)   requests/s   p50, ms   p99, ms   CPU of by hand (least - most)");
  for (const name of NAMES) {
    const { cpuUs, requestsPerSecond, p50Ms, p99Ms } = contenders[name]!;
    const of = ratio(name, "byHand");
    console.log(
      [
        TITLES[name].padEnd(12),
        `${cpuUs!.median.toFixed(0).padStart(7)} (${cpuUs!.least.toFixed(0)} - ${cpuUs!.most.toFixed(0)})`.padEnd(24),
        requestsPerSecond!.median.toFixed(0).padStart(10),
        p50Ms!.median.toFixed(1).padStart(9),
        p99Ms!.median.toFixed(1).padStart(9),
        `${of.median.toFixed(2).padStart(8)} (${of.least.toFixed(2)} - ${of.most.toFixed(2)})`,
      ].join(" "),
    );
  }
  if (values.json !== undefined) {
    const medians = Object.fromEntries(Object.entries(ratios).map(([name, spread]) => [name, spread.median]));
    await writeFile(values.json, `${JSON.stringify({ ratios: medians, spread: ratios, contenders }, null, 2)}\n`);
  }
} finally {
  await workerd.stop();
}

import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { buildForConfig } from "../scripts/build.ts";
import { buildExamples } from "../scripts/build-examples.ts";
import { startWorkerd } from "../scripts/workerd.ts";
import { MIB } from "../wasm/byte-units.ts";
import { CONTENDERS, NAMES, workersOf } from "./gateway/contenders.ts";
import { cpuRounds, type Figures, type Load, type Runner, type Spread, spreadOf } from "./gateway/cpu-rounds.ts";
import { residentBytes } from "./gateway/decision-memory.ts";
import { besideMisses, besideRestarts } from "./gateway/disturbances.ts";
import { MEMORY_CONTENDERS, type MemoryContender } from "./gateway/memory-contenders.ts";
import { startNginx } from "./gateway/nginx.ts";
import { makeTokens } from "./gateway/tokens.ts";

/**
 * `npm run bench`: what a cached allow costs, beside the same by hand (bench/workers/by-hand.ts), a Worker that calls an object
 * which does nothing, one that calls no object, and nginx where it is installed; what decisions take of memory; and whether
 * misses and restarts disturb cached traffic. Ratios are medians over the rounds of one figure over the other in the same round.
 * docs/performance.md explains the figures.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    seconds: { type: "string", default: "3" },
    connections: { type: "string", default: "16" },
    users: { type: "string", default: "100" },
    decisions: { type: "string", default: "100000" },
    only: { type: "string" },
    json: { type: "string" },
  },
});
const load: Load = {
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  connections: Number(values.connections),
  users: Number(values.users),
};
const decisions = Number(values.decisions);
if (![...Object.values(load), decisions].every((value) => value > 0)) {
  console.error("bench: --rounds, --seconds, --connections, --users and --decisions must be above 0");
  process.exit(2);
}
const PARTS = ["cpu", "memory", "beside"] as const;
if (values.only !== undefined && !PARTS.some((part) => part === values.only)) {
  console.error(`bench: --only ${values.only} is none of ${PARTS.join(", ")}`);
  process.exit(2);
}
const runs = (part: (typeof PARTS)[number]) => values.only === undefined || values.only === part;

await buildForConfig("gateway.config.ts");
await buildExamples();
const result: Record<string, unknown> = {};
const ratios: Record<string, Spread> = {};
if (runs("cpu")) await measureCpu();
if (runs("memory")) await measureMemory();
if (runs("beside")) await measureBeside();
if (values.json !== undefined) {
  const medians = Object.fromEntries(Object.entries(ratios).map(([name, { median }]) => [name, median]));
  await writeFile(values.json, `${JSON.stringify({ ratios: medians, spread: ratios, ...result }, null, 2)}\n`);
}

async function measureCpu(): Promise<void> {
  const tokens = await makeTokens(load.users);
  const workerd = await startWorkerd(await workersOf(NAMES, tokens.keySet), [...NAMES, "upstream", "authorization"]);
  const nginx = await startNginx(workerd.ports.upstream!, workerd.ports.authorization!);
  try {
    const runners: Runner[] = nginx === undefined ? NAMES : [...NAMES, "nginx"];
    const measured = await cpuRounds(runners, { workerd, nginx, tokens }, load);
    const ratio = (of: Runner, to: Runner) => spreadOf(measured.map((round) => round[of].cpuUs / round[to].cpuUs));
    ratios.cachedVsByHand = ratio("cached", "byHand");
    ratios.cachedVsNoop = ratio("cached", "noop");
    ratios.edgeVsByHand = ratio("edge", "byHand");
    ratios.edgeVsBare = ratio("edge", "bare");
    ratios.jwtVsEdge = ratio("jwt", "edgeJwt");
    ratios.jwtVsByHand = ratio("jwt", "jwtByHand");
    const figures = (name: Runner, of: keyof Figures) => spreadOf(measured.map((round) => round[name][of]));
    result.contenders = Object.fromEntries(
      runners.map((name) => [
        name,
        {
          cpuUs: figures(name, "cpuUs"),
          requestsPerSecond: figures(name, "requestsPerSecond"),
          p50Ms: figures(name, "p50Ms"),
          p99Ms: figures(name, "p99Ms"),
        },
      ]),
    );
    console.log(
      "                    CPU, us (least - most)  requests/s  p50, ms  p99, ms  CPU of by hand (least - most)",
    );
    for (const name of runners) {
      const [cpu, of] = [figures(name, "cpuUs"), ratio(name, "byHand")];
      console.log(
        [
          (name === "nginx" ? "nginx, auth_request" : CONTENDERS[name].title).padEnd(20),
          `${cpu.median.toFixed(0).padStart(4)} (${cpu.least.toFixed(0)} - ${cpu.most.toFixed(0)})`.padEnd(22),
          figures(name, "requestsPerSecond").median.toFixed(0).padStart(10),
          figures(name, "p50Ms").median.toFixed(1).padStart(8),
          figures(name, "p99Ms").median.toFixed(1).padStart(8),
          shown(of),
        ].join(" "),
      );
    }
  } finally {
    await nginx?.stop();
    await workerd.stop();
  }
}

/**
 * What decisions take: resident bytes of the process, beyond those of the same traffic through an object that asks the same and
 * keeps nothing. Beside it, beyond an object that does not even ask: most of that is what workerd keeps of the calls.
 */
async function measureMemory(): Promise<void> {
  const rounds: Record<MemoryContender, number>[] = [];
  for (let round = 0; round < Math.min(3, load.rounds); round += 1) {
    const resident = { noop: 0, asking: 0, byHand: 0, cached: 0 };
    for (const contender of MEMORY_CONTENDERS) resident[contender] = await residentBytes(contender, decisions);
    rounds.push(resident);
    console.error(`memory: round ${round + 1}`);
  }
  ratios.memoryVsByHand = spreadOf(rounds.map(({ asking, byHand, cached }) => (cached - asking) / (byHand - asking)));
  ratios.memoryVsByHandOverNoop = spreadOf(rounds.map(({ noop, byHand, cached }) => (cached - noop) / (byHand - noop)));
  const mib = (of: "byHand" | "cached", over: "noop" | "asking") =>
    spreadOf(rounds.map((round) => (round[of] - round[over]) / MIB));
  result.memory = { decisions, byHandMiB: mib("byHand", "asking"), ebbMiB: mib("cached", "asking") };
  console.log(`\nmemory of ${decisions} decisions, MiB      by hand    Ebb   ratio (least - most)`);
  for (const [title, over] of [
    ["over an object that keeps nothing", "asking"],
    ["over one that does not even ask", "noop"],
  ] as const) {
    const ratio = over === "asking" ? ratios.memoryVsByHand : ratios.memoryVsByHandOverNoop;
    const [byHand, ebb] = [mib("byHand", over).median.toFixed(1), mib("cached", over).median.toFixed(1)];
    console.log(`${title.padEnd(40)} ${byHand.padStart(7)} ${ebb.padStart(6)}   ${shown(ratio)}`);
  }
}

async function measureBeside(): Promise<void> {
  const misses = await besideMisses(load.rounds);
  const restarts = await besideRestarts(load.rounds);
  ratios.p99BesideMisses = misses.p99Ratio;
  ratios.p99BesideRestarts = restarts.p99Ratio;
  result.beside = { misses, restarts };
  console.log("\np99 of 1,000 cached allows a second, ms       quiet   disturbed   ratio (least - most)");
  for (const [title, { p99QuietMs, p99DisturbedMs, p99Ratio, beside }] of [
    ["200 unknown tokens a second, 200 ms each", misses],
    ["a forced restart every second", restarts],
  ] as const) {
    const [quiet, disturbed] = [p99QuietMs.median.toFixed(2), p99DisturbedMs.median.toFixed(2)];
    console.log(`${title.padEnd(44)} ${quiet.padStart(6)} ${disturbed.padStart(11)}   ${shown(p99Ratio)}   ${beside}`);
  }
}

function shown({ median, least, most }: Spread): string {
  return `${median.toFixed(2).padStart(5)} (${least.toFixed(2)} - ${most.toFixed(2)})`;
}

import { writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { bundleWorker } from "../scripts/bundle-worker.ts";
import buildGuests from "../test/workerd/guests/guests.setup.ts";
import { memoryFigure } from "./memory/figure.ts";
import { AIM, type Medians, mediansOf, type PhaseResult, phaseResult } from "./memory/result.ts";
import { type Bundles, CONTENDERS, type Contender, measure, type Phase, type Series } from "./memory/run.ts";

/**
 * `npm run memory`: the resident memory of workerd before and after a restart, as the operating system counts it. Each
 * run starts a new workerd process, whose filter grows to 64 MiB or never grows. Rounds are interleaved, so that noise
 * of the machine affects all contenders alike.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    json: { type: "string" },
    figure: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
if (!Number.isSafeInteger(rounds) || rounds < 1) {
  console.error("memory: --rounds must be a whole number above 0");
  process.exit(2);
}

await buildGuests();
const bundles: Bundles = {
  reclaims: await bundleWorker("bench/workers/growing.ts", { RECLAIMS: true }),
  plain: await bundleWorker("bench/workers/growing.ts", { RECLAIMS: false }),
  upstream: await bundleWorker("bench/workers/upstream.ts"),
};
const medians: Record<Phase, Medians> = { idle: await measureAll("idle"), loaded: await measureAll("loaded") };
const result: Record<Phase, PhaseResult> = { idle: phaseResult(medians.idle), loaded: phaseResult(medians.loaded) };
print(result);
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(result, undefined, 2)}\n`);
if (values.figure) await writeFile("docs/memory.svg", memoryFigure(medians));

async function measureAll(phase: Phase): Promise<Medians> {
  const series = Object.fromEntries(CONTENDERS.map((name): [Contender, Series[]] => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of CONTENDERS) series[contender]!.push(await measure(contender, phase, bundles));
    console.error(`${phase}: round ${round + 1} of ${rounds} (load ${loadavg()[0]!.toFixed(1)})`);
  }
  return mediansOf(series as Record<Contender, Series[]>);
}

function print(phases: Record<Phase, PhaseResult>): void {
  const mib = (bytes: number): string => (bytes / 1_048_576).toFixed(1).padStart(12);
  console.log("resident MiB 2 s after   never grown  no restart       plain     restart   of never grown   back after");
  for (const [phase, { neverGrownBytes, noRestartBytes, plainBytes, restartBytes, seconds }] of Object.entries(
    phases,
  )) {
    const share = (restartBytes / neverGrownBytes).toFixed(3).padStart(16);
    const back = (seconds === null ? "never" : `${seconds.toFixed(2)} s`).padStart(12);
    const columns = [neverGrownBytes, noRestartBytes, plainBytes, restartBytes].map(mib).join("");
    console.log(`${phase.padEnd(22)}${columns} ${share} ${back}`);
  }
  console.log(`aim: at most ${AIM} of never grown`);
}

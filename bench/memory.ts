import { writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { bundleWorker } from "../scripts/bundle-worker.ts";
import buildGuests from "../test/workerd/guests/guests.setup.ts";
import { memoryFigure } from "./memory/figure.ts";
import { AIM, mediansOf, type PhaseResult, phaseResult, type Rounds } from "./memory/result.ts";
import {
  type Bundles,
  CONTENDERS,
  type Contender,
  type Measurement,
  measure,
  type Phase,
  SIZES_MIB,
  type SizeMib,
} from "./memory/run.ts";
import { memoryTable } from "./memory/table.ts";

/**
 * `npm run memory`: the resident memory of workerd before and after a restart, as the operating system counts it. Each
 * run starts a new workerd process, whose filter grows to 1, 4, 16 or 64 MiB (`--mib 1,64`) or never grows. Rounds are
 * interleaved, so that noise of the machine affects all contenders alike. All sizes take three minutes for each round.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    mib: { type: "string", default: SIZES_MIB.join(",") },
    json: { type: "string" },
    figure: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
if (!Number.isSafeInteger(rounds) || rounds < 1) fail("--rounds must be a whole number above 0");
const asked = values.mib.split(",").map(Number);
const sizes = SIZES_MIB.filter((size) => asked.includes(size));
if (sizes.length !== asked.length) fail(`--mib must be one or more of ${SIZES_MIB.join(", ")}, separated by commas`);

await buildGuests();
const bundles: Bundles = {
  reclaims: await bundleWorker("bench/workers/growing.ts", { RECLAIMS: true }),
  plain: await bundleWorker("bench/workers/growing.ts", { RECLAIMS: false }),
  upstream: await bundleWorker("bench/workers/upstream.ts"),
};
const measured = { idle: await measureAll("idle"), loaded: await measureAll("loaded") };
const results = new Map(
  sizes.map((size) => [size, { idle: resultOf("idle", size), loaded: resultOf("loaded", size) }]),
);
console.log(`resident memory in MiB, 2 s after the restart (before: at the restart; retired: by Ebb's account after 4 s)
${memoryTable(results)}
aim: this restart within ${AIM} times never grown; back after: from when on it is`);
const largest = sizes.at(-1)!;
if (values.json !== undefined) {
  // The fields of the largest size also stand at the top, for one who asks for a single size.
  const report = { ...results.get(largest), sizes: Object.fromEntries(results) };
  await writeFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
}
if (values.figure) {
  const phases = { idle: mediansOf(measured.idle.get(largest)!), loaded: mediansOf(measured.loaded.get(largest)!) };
  await writeFile("docs/memory.svg", memoryFigure(phases, largest));
}

function resultOf(phase: Phase, size: SizeMib): PhaseResult {
  return phaseResult(measured[phase].get(size)!);
}

/** All rounds of a phase, by size. The process that never grows is the same for all sizes. */
async function measureAll(phase: Phase): Promise<ReadonlyMap<SizeMib, Rounds>> {
  const bySize = new Map(sizes.map((size) => [size, emptyRounds()]));
  for (let round = 0; round < rounds; round += 1) {
    const neverGrown = await measure("never-grown", phase, sizes[0]!, bundles);
    for (const [size, all] of bySize) {
      all["never-grown"].push(neverGrown);
      for (const contender of CONTENDERS) {
        if (contender !== "never-grown") all[contender].push(await measure(contender, phase, size, bundles));
      }
    }
    console.error(`${phase}: round ${round + 1} of ${rounds} (load ${loadavg()[0]!.toFixed(1)})`);
  }
  return bySize;
}

function emptyRounds(): Record<Contender, Measurement[]> {
  return { "never-grown": [], "no-restart": [], plain: [], restart: [] };
}

function fail(message: string): never {
  console.error(`memory: ${message}`);
  process.exit(2);
}

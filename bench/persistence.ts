import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { buildForConfig } from "../scripts/build.ts";
import { bundleWorker } from "../scripts/bundle-worker.ts";
import { startWorkerd } from "../scripts/workerd.ts";

/**
 * What it takes to store the decisions of one service (cache.persist) and to come back with them, in a real workerd process:
 * a first write of all of them, one of a hundredth that was used since, and the first request after the object left memory.
 */
const { values } = parseArgs({
  options: { entries: { type: "string", default: "50000" }, rounds: { type: "string", default: "5" } },
});
const entries = Number(values.entries);
const rounds = Number(values.rounds);
if (!(entries >= 100 && rounds > 0)) {
  console.error("bench:persistence: --entries is a number from 100, --rounds one above 0");
  process.exit(2);
}
/** Fewer than may be asked for at once. */
const BATCH = 200;
const KEY = "a key for a benchmark, where nothing is secret";

interface Told {
  readonly outbound: number;
  readonly persistence: {
    readonly storedBytes: number;
    readonly storedRows: number;
    readonly writtenAtMs: number | null;
    readonly waking: { readonly outcome: string; readonly durationMs: number } | null;
  };
}

await buildForConfig("gateway.config.ts");
console.log(`${entries} decisions; medians of ${rounds}`);
for (const headerBytes of [0, 100, 500]) await measure(headerBytes);

async function measure(headerBytes: number): Promise<void> {
  const workerd = await startWorkerd(
    {
      upstream: { bundle: await bundleWorker("bench/workers/upstream.ts") },
      deciding: {
        bundle: await bundleWorker("bench/workers/profiled-authorization.ts"),
        text: { HEADER_BYTES: String(headerBytes) },
      },
      gateway: {
        bundle: await bundleWorker("bench/workers/persisting.ts"),
        services: { UPSTREAM: "upstream", AUTHORIZATION: "deciding" },
        objects: { SERVICE_OBJECT: "ServiceObject" },
        text: { EBB_DEV: "1", EBB_KEY: KEY },
      },
    },
    ["gateway"],
  );
  const call = async (path: string, method = "POST"): Promise<Response> => {
    const response = await fetch(`http://127.0.0.1:${workerd.ports.gateway}${path}`, { method });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  const stats = async (): Promise<Told> => (await (await call("/stats", "GET")).json()).services[0];
  const ask = async (from: number, count: number): Promise<void> => {
    const { allowed } = await (await call(`/ask?from=${from}&count=${count}`)).json();
    if (allowed !== count) throw new Error(`${allowed} of ${count} were allowed`);
  };
  /** Until the write that is due now is done. @returns ms */
  const write = async (): Promise<number> => {
    const { writtenAtMs } = (await stats()).persistence;
    await call("/minute");
    const startedMs = performance.now();
    await ask(0, 1);
    while ((await stats()).persistence.writtenAtMs === writtenAtMs) await sleep(1);
    return performance.now() - startedMs;
  };
  try {
    const askAll = async (count: number): Promise<void> => {
      for (let from = 0; from < count; from += BATCH) await ask(from, Math.min(BATCH, count - from));
    };
    await askAll(entries);
    await write();
    const [all, some, waking, first]: number[][] = [[], [], [], []];
    let told: Told | undefined;
    for (let round = 0; round < rounds; round += 1) {
      const { outbound } = await stats();
      await call("/leave");
      const startedMs = performance.now();
      await ask(entries - 1, 1);
      first!.push(performance.now() - startedMs);
      told = await stats();
      if (told.persistence.waking?.outcome !== "restored") throw new Error(JSON.stringify(told.persistence));
      waking!.push(told.persistence.waking.durationMs);
      await askAll(entries);
      const asked = (await stats()).outbound - outbound;
      if (asked > 0) throw new Error(`${asked} decisions were lost`);
      // The first write of a life tells of everything.
      all!.push(await write());
      await askAll(entries / 100);
      some!.push(await write());
    }
    const { storedBytes, storedRows } = told!.persistence;
    console.log(
      `headers of ${headerBytes} bytes: all written in ${median(all!)} ms, a hundredth in ${median(some!)} ms; ` +
        `read in ${median(waking!)} ms, first answer after ${median(first!)} ms; ` +
        `${(storedBytes / 1_048_576).toFixed(1)} MiB in ${storedRows} rows`,
    );
  } finally {
    await workerd.stop();
  }
}

function median(numbers: readonly number[]): string {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!.toFixed(0);
}

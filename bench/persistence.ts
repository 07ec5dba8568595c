import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { buildForConfig } from "../scripts/build.ts";
import { bundleWorker } from "../scripts/bundle-worker.ts";
import { median } from "../scripts/median.ts";
import { startWorkerd } from "../scripts/workerd.ts";

/**
 * Measures in a real workerd process how long it takes to store the decisions of one service (`cache.persist`) and to
 * restore them: a write of all decisions, a write of the hundredth used since, and the first request after the object
 * left memory.
 */
const { values } = parseArgs({
  options: { entries: { type: "string", default: "50000" }, rounds: { type: "string", default: "5" } },
});
const entries = Number(values.entries);
const rounds = Number(values.rounds);
if (!(entries >= 100 && rounds > 0)) {
  console.error("bench:persistence: --entries must be at least 100, --rounds above 0");
  process.exit(2);
}
/** Concurrent requests; below the gateway's limit. */
const BATCH = 200;
const KEY = "a key for a benchmark, where nothing is secret";

interface Stats {
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
  const stats = async (): Promise<Stats> => (await (await call("/stats?wake=1", "GET")).json()).services[0];
  const ask = async (from: number, count: number): Promise<void> => {
    const { allowed } = await (await call(`/ask?from=${from}&count=${count}`)).json();
    if (allowed !== count) throw new Error(`${allowed} of ${count} were allowed`);
  };
  /** Makes a write due and waits until it is done. @returns how long it took, in ms */
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
    let last: Stats | undefined;
    for (let round = 0; round < rounds; round += 1) {
      const { outbound } = await stats();
      await call("/leave");
      const startedMs = performance.now();
      await ask(entries - 1, 1);
      first!.push(performance.now() - startedMs);
      last = await stats();
      if (last.persistence.waking?.outcome !== "restored") throw new Error(JSON.stringify(last.persistence));
      waking!.push(last.persistence.waking.durationMs);
      await askAll(entries);
      const asked = (await stats()).outbound - outbound;
      if (asked > 0) throw new Error(`${asked} decisions were lost`);
      // The first write of a new instance contains all decisions.
      all!.push(await write());
      await askAll(entries / 100);
      some!.push(await write());
    }
    const { storedBytes, storedRows } = last!.persistence;
    console.log(
      `headers of ${headerBytes} bytes: all written in ${median(all!).toFixed(0)} ms, a hundredth in ${median(some!).toFixed(0)} ms; ` +
        `read in ${median(waking!).toFixed(0)} ms, first answer after ${median(first!).toFixed(0)} ms; ` +
        `${(storedBytes / 1_048_576).toFixed(1)} MiB in ${storedRows} rows`,
    );
  } finally {
    await workerd.stop();
  }
}

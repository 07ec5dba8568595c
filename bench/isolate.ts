import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { bundleWorker } from "../scripts/bundle-worker.ts";
import { startWorkerd } from "../scripts/workerd.ts";
import { MIB } from "../wasm/byte-units.ts";

/**
 * In each round, twenty services of one isolate grow by 16 MiB one after the other: 320 MiB if nothing were freed.
 * Together they must stay below 128 MB, beyond which the platform resets all of them, and every request must be
 * answered. Needs the built guests of the tests: run `npm test` once.
 */
const { values } = parseArgs({
  options: { rounds: { type: "string", default: "3" }, pause: { type: "string", default: "600" } },
});
const rounds = Number(values.rounds);
/** Time between two growths. */
const pauseMs = Number(values.pause);
if (!(rounds > 0 && pauseMs >= 0)) {
  console.error("bench:isolate: --rounds must be above 0, --pause (ms) at least 0");
  process.exit(2);
}
const SERVICES = 20;
const LIMIT_BYTES = 128_000_000;

const workerd = await startWorkerd(
  {
    upstream: { bundle: await bundleWorker("bench/workers/upstream.ts") },
    crowded: {
      bundle: await bundleWorker("bench/workers/crowded.ts"),
      services: { UPSTREAM: "upstream" },
      objects: { SERVICE_OBJECT: "ServiceObject" },
    },
  },
  ["crowded"],
);
try {
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${workerd.ports.crowded}${path}`, { headers });
  let answered = 0;
  let asked = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (let n = 0; n < SERVICES; n += 1) {
      // One service grows while another must still answer.
      const requests = [get(`/service-${n}/a`, { "x-grow": "now" }), get(`/service-${(n + 7) % SERVICES}/b`)];
      for (const response of await Promise.all(requests)) if (response.ok) answered += 1;
      asked += requests.length;
      await sleep(pauseMs);
    }
  }
  const isolate: { peakBytes: number; budget: Record<string, unknown>; reclaim: Record<string, unknown> } = await (
    await get("/isolate")
  ).json();
  console.log(`${answered} of ${asked} requests answered`);
  console.log(
    `peak memory, live and retired: ${(isolate.peakBytes / MIB).toFixed(1)} MiB of ${(LIMIT_BYTES / MIB).toFixed(1)}`,
  );
  console.log(JSON.stringify({ budget: isolate.budget, reclaim: isolate.reclaim }, null, 2));
  if (answered < asked || isolate.peakBytes > LIMIT_BYTES) process.exitCode = 1;
} finally {
  await workerd.stop();
}

/**
 * `npm run bench:misses`: how much memory misses leave behind outside of the filter. Prints the resident MiB of workerd
 * after forced collections at growing numbers of misses through one object, beside objects that at most fetch.
 * `-- --misses 50000,150000` sets the numbers of misses, `--only ebb` the contender.
 */
import { parseArgs } from "node:util";
import { bundleWorker } from "../scripts/bundle-worker.ts";
import { usageOf } from "../scripts/soak/memory-watch.ts";
import { startWorkerd } from "../scripts/workerd.ts";
import { closedLoop } from "./load.ts";
import { MISS_CONTENDERS, type MissContender } from "./miss-contenders.ts";

/** A usual length of a signed token. */
const TOKEN_CHARACTERS = 800;
const CONNECTIONS = 50;

const { values } = parseArgs({
  options: { misses: { type: "string", default: "50000,150000,300000" }, only: { type: "string" } },
});
const marks = values.misses.split(",").map(Number);
const contenders = MISS_CONTENDERS.filter((name) => values.only === undefined || values.only === name);

console.log(`resident MiB after forced collections at ${marks.join(" / ")} misses`);
for (const contender of contenders) console.log(`${contender}: ${(await measure(contender)).join(" / ")}`);

async function measure(contender: MissContender): Promise<number[]> {
  const workerd = await startWorkerd(
    {
      gateway: {
        bundle: await bundleWorker("bench/workers/missing.ts", { CONTENDER: contender }),
        services: { UPSTREAM: "upstream", AUTHORIZATION: "authorization" },
        objects: { SERVICE_OBJECT: "ServiceObject", PLAIN_OBJECT: "PlainObject" },
      },
      upstream: { bundle: await bundleWorker("bench/workers/upstream.ts") },
      authorization: { bundle: await bundleWorker("bench/workers/forbidding-authorization.ts") },
    },
    ["gateway"],
    { v8Flags: ["--expose-gc"] },
  );
  const port = workerd.ports.gateway!;
  try {
    const resident: number[] = [];
    let misses = 0;
    for (const mark of marks) {
      while (misses < mark) {
        const { requests, failures } = await closedLoop(port, CONNECTIONS, 1_000, (n) => requestWith(misses + n));
        if (failures > 0) throw new Error(`${contender}: ${failures} requests failed`);
        misses += requests;
      }
      await (await fetch(`http://127.0.0.1:${port}/gc`)).arrayBuffer();
      resident.push(Math.round((await usageOf(workerd.pid)).residentBytes / 1_048_576));
    }
    return resident;
  } finally {
    await workerd.stop();
  }
}

function requestWith(n: number): string {
  const token = `${n}-`.padEnd(TOKEN_CHARACTERS, "x");
  return `GET /a HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${token}\r\n\r\n`;
}

import { gzipSync } from "node:zlib";
import { bundleWorker } from "../scripts/bundle-worker.ts";
import { startWorkerd } from "../scripts/workerd.ts";

/**
 * `npm run bench:read`: what a reading of the operator's figures costs, in calls to objects and bytes, for one service and for 200 on
 * a bare workerd. Each service has had requests, some without a credential, and a restart; the history has two days. Needs the built filter: run `npm run build` once.
 */

const HTML = "text/html";
const READINGS: readonly (readonly [path: string, accept?: string])[] = [
  ["/stats"],
  ["/stats?service=service-0"],
  ["/stats?window=15m"],
  ["/stats?window=2d"],
  ["/stats?wake=1"],
  ["/stats?samples=1"],
  ["/stats", HTML],
  ["/stats?window=2d", HTML],
  ["/stats?service=service-0", HTML],
  ["/stats?service=service-0&window=2d", HTML],
  ["/metrics"],
  ["/healthz"],
];
/** A service tells its last figures 5 to 10 s after its last request. */
const TOLD_WITHIN_MS = 30_000;

interface Cost {
  readonly calls: string;
  readonly bytes: number;
  readonly gzipped: number;
}

const costs = { 1: await costsFor(1), 200: await costsFor(200) };
console.log(
  "| reading | calls, 1 service | KB (gzip) | calls, 200 services | KB (gzip) |\n| --- | ---: | ---: | ---: | ---: |",
);
for (const [index, [path, accept]] of READINGS.entries()) {
  const cells = [costs[1][index]!, costs[200][index]!].map(
    ({ calls, bytes, gzipped }) => `${calls} | ${kb(bytes)} (${kb(gzipped)})`,
  );
  console.log(`| ${path}${accept === HTML ? ", the page" : ""} | ${cells.join(" | ")} |`);
}

async function costsFor(services: number): Promise<Cost[]> {
  const workerd = await startWorkerd(
    {
      upstream: { bundle: await bundleWorker("bench/workers/upstream.ts") },
      authorization: { bundle: await bundleWorker("bench/workers/authorization.ts") },
      gateway: {
        bundle: await bundleWorker("bench/workers/read.ts", { SERVICES: services }),
        text: { EBB_DEV: "1" },
        services: { UPSTREAM: "upstream", AUTHORIZATION: "authorization" },
        objects: { SERVICE_OBJECT: "ServiceObject" },
      },
    },
    ["gateway"],
  );
  const origin = `http://127.0.0.1:${workerd.ports.gateway}`;
  try {
    for (let n = 0; n < services; n += 1) await traffic(origin, `service-${n}`);
    await untilTold(origin, services);
    await status(`${origin}/__fill`);
    const found: Cost[] = [];
    for (const [path, accept = "*/*"] of READINGS) found.push(await costOf(origin + path, accept));
    return found;
  } finally {
    await workerd.stop();
  }
}

async function traffic(origin: string, service: string): Promise<void> {
  const headers = (token: string) => ({ authorization: `Bearer ${token}` });
  for (const token of ["one", "two", "one", "three", "two"])
    await status(`${origin}/${service}/1`, { headers: headers(token) });
  await status(`${origin}/${service}/1`);
  await status(`${origin}/stats/restart`, { method: "POST", body: JSON.stringify({ service }) });
  await status(`${origin}/${service}/1`, { headers: headers("one") });
}

async function status(url: string, init: RequestInit = {}): Promise<number> {
  const response = await fetch(url, init);
  await response.arrayBuffer();
  return response.status;
}

async function untilTold(origin: string, services: number): Promise<void> {
  const endMs = Date.now() + TOLD_WITHIN_MS;
  for (;;) {
    const report = (await (await fetch(`${origin}/stats`)).json()) as {
      services: { requests?: number; restartCount?: number }[];
    };
    const told = report.services.filter(({ requests, restartCount }) => requests === 7 && restartCount === 1).length;
    if (told === services) return;
    if (Date.now() > endMs) throw new Error(`only ${told} of ${services} services have told their figures`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function costOf(url: string, accept: string): Promise<Cost> {
  const response = await fetch(url, { headers: { accept } });
  const body = new Uint8Array(await response.arrayBuffer());
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return { calls: response.headers.get("x-calls") ?? "", bytes: body.byteLength, gzipped: gzipSync(body).byteLength };
}

function kb(bytes: number): string {
  return (bytes / 1_000).toFixed(bytes < 10_000 ? 1 : 0);
}

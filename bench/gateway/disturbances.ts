import { bundleWorker } from "../../scripts/bundle-worker.ts";
import { startWorkerd, type WorkerdProcess } from "../../scripts/workerd.ts";
import { closedLoop } from "../load.ts";
import { requestOf } from "./contenders.ts";
import { percentiles, type Spread, spreadOf } from "./cpu-rounds.ts";

/** p99 of cached allows, 1,000 a second, while something else happens, over p99 without, in the same process, turn by turn. */
export interface Disturbance {
  readonly p99Ratio: Spread;
  readonly p99QuietMs: Spread;
  readonly p99DisturbedMs: Spread;
  /** Whether what happens beside them went right; the bench fails otherwise. */
  readonly beside: string;
}

const SPAN_MS = 3_000;
const CONNECTIONS = 16;
const INTERVAL_MS = 16;
const USERS = 100;

/** 200 unknown tokens a second, each of which is checked for 200 ms, beside cached traffic of the same service. */
export async function besideMisses(rounds: number): Promise<Disturbance> {
  // Each connection has an answer after 200 ms and asks again 20 ms later.
  const [connections, intervalMs] = [44, 220];
  let asked = 0;
  let refused = 0;
  const workerd = await start("gateway", "slow-authorization");
  try {
    return await compare(workerd, rounds, async () => {
      const request = (n: number) => requestOf(`unknown-${asked + n}`, "/orders/1");
      const { requests, failures } = await closedLoop(
        workerd.ports.gateway!,
        connections,
        SPAN_MS,
        request,
        intervalMs,
      );
      asked += requests;
      refused += failures;
      const perSecond = Math.round(requests / (SPAN_MS / 1_000));
      return `${asked - refused} of ${asked} unknown tokens decided, ${perSecond} a second`;
    });
  } finally {
    await workerd.stop();
  }
}

/** A forced restart every second. */
export async function besideRestarts(rounds: number): Promise<Disturbance> {
  let restarts = 0;
  const workerd = await start("restarting", "authorization");
  try {
    return await compare(workerd, rounds, async (untilMs) => {
      while (performance.now() < untilMs) {
        const response = await fetch(`http://127.0.0.1:${workerd.ports.gateway}/stats/restart`, {
          method: "POST",
          body: "{}",
        });
        if ((await response.text()).includes('"restarted":true')) restarts += 1;
        await sleep(1_000);
      }
      return `${restarts} restarts`;
    });
  } finally {
    await workerd.stop();
  }
}

async function compare(
  workerd: WorkerdProcess,
  rounds: number,
  disturb: (untilMs: number) => Promise<string>,
): Promise<Disturbance> {
  const span = async () => {
    const request = (n: number) => requestOf(String(n % USERS), `/orders/${n % USERS}`);
    const { failures, requests, latenciesMs } = await closedLoop(
      workerd.ports.gateway!,
      CONNECTIONS,
      SPAN_MS,
      request,
      INTERVAL_MS,
    );
    if (failures > 0) throw new Error(`${failures} of ${requests} cached requests failed:\n${workerd.log()}`);
    return percentiles(latenciesMs).p99Ms;
  };
  await span();
  const quiet: number[] = [];
  const disturbed: number[] = [];
  let beside = "";
  for (let round = 0; round < rounds; round += 1) {
    quiet.push(await span());
    const [p99Ms, said] = await Promise.all([span(), disturb(performance.now() + SPAN_MS)]);
    disturbed.push(p99Ms);
    beside = said;
    console.error(`beside: round ${round + 1} of ${rounds}`);
  }
  return {
    p99Ratio: spreadOf(disturbed.map((value, index) => value / quiet[index]!)),
    p99QuietMs: spreadOf(quiet),
    p99DisturbedMs: spreadOf(disturbed),
    beside,
  };
}

async function start(worker: string, authorization: string): Promise<WorkerdProcess> {
  const bundle = (name: string) => bundleWorker(`bench/workers/${name}.ts`);
  return startWorkerd(
    {
      gateway: {
        bundle: await bundle(worker),
        services: { UPSTREAM: "upstream", AUTHORIZATION: "authorization" },
        objects: { SERVICE_OBJECT: "ServiceObject" },
        text: { EBB_DEV: "1" },
      },
      upstream: { bundle: await bundle("upstream") },
      authorization: { bundle: await bundle(authorization) },
    },
    ["gateway"],
  );
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

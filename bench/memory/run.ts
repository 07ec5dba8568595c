import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { IsolateSnapshot } from "../../durable/memory/isolate.ts";
import type { WorkerBundle } from "../../scripts/bundle-worker.ts";
import { startWorkerd } from "../../scripts/workerd.ts";
import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import { closedLoop } from "../load.ts";

/**
 * `never-grown` keeps its first size. The others grow: one is left alone, two are restarted (`plain` does not reclaim).
 */
export const CONTENDERS = ["never-grown", "no-restart", "plain", "restart"] as const;
export type Contender = (typeof CONTENDERS)[number];
export type Phase = "idle" | "loaded";

/** Resident memory of one process; times in seconds since the restart, or since the moment it would have been. */
export type Series = readonly (readonly [seconds: number, bytes: number])[];

export interface Measurement {
  readonly series: Series;
  /** Linear memory that was released and not collected by the end of the series, by Ebb's own account. */
  readonly retiredBytes: number;
}

/** Sizes to which the filter can grow, in MiB: it starts with 4 pages and grows by 12 (`x-grow-little`). */
export const SIZES_MIB = [1, 4, 16, 64] as const;
export type SizeMib = (typeof SIZES_MIB)[number];
const PAGES_PER_MIB = 16;
const FIRST_PAGES = 4;
const GROWTH_PAGES = 12;

const WARM_UP_REQUESTS = 200;
const LOAD_CONNECTIONS = 4;
const SETTLE_MS = 1_000;
export const SAMPLE_MS = 50;
export const SAMPLED_MS = 4_000;

export interface Bundles {
  readonly reclaims: WorkerBundle;
  readonly plain: WorkerBundle;
  readonly upstream: WorkerBundle;
}

/**
 * Starts a workerd process, warms it up, grows and restarts the filter as the contender asks, and samples its memory
 * for `SAMPLED_MS`. In the phase `loaded`, clients send requests meanwhile.
 * @throws Error if a request or the process fails
 */
export async function measure(
  contender: Contender,
  phase: Phase,
  sizeMib: SizeMib,
  bundles: Bundles,
): Promise<Measurement> {
  const workerd = await startWorkerd(
    {
      upstream: { bundle: bundles.upstream },
      growing: {
        bundle: contender === "plain" ? bundles.plain : bundles.reclaims,
        services: { UPSTREAM: "upstream" },
        objects: { SERVICE_OBJECT: "ServiceObject" },
      },
    },
    ["growing"],
  );
  try {
    const port = workerd.ports.growing!;
    const get = async (path: string, headers: Record<string, string> = {}): Promise<string> => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}\n${workerd.log()}`);
      return response.text();
    };
    for (let n = 0; n < WARM_UP_REQUESTS; n += 1) await get(`/growing/${n}`);
    const growths = contender === "never-grown" ? 0 : (sizeMib * PAGES_PER_MIB - FIRST_PAGES) / GROWTH_PAGES;
    for (let n = 0; n < growths; n += 1) await get("/growing/0", { "x-grow-little": "now" });

    const load = phase === "loaded" ? closedLoop(port, LOAD_CONNECTIONS, SETTLE_MS + SAMPLED_MS, requestOf) : undefined;
    await sleep(SETTLE_MS);
    const series: [number, number][] = [];
    const startedMs = performance.now();
    const restarting = contender === "plain" || contender === "restart" ? get("/restart") : undefined;
    for (let dueMs = 0; dueMs <= SAMPLED_MS; dueMs += SAMPLE_MS) {
      await sleep(Math.max(0, startedMs + dueMs - performance.now()));
      series.push([dueMs / 1_000, await residentBytes(workerd.pid)]);
    }
    const outcome = await restarting;
    if (outcome !== undefined && outcome !== '"restarted"') throw new Error(`the filter was not restarted: ${outcome}`);
    const failures = (await load)?.failures ?? 0;
    if (failures > 0) throw new Error(`${contender}: ${failures} requests failed:\n${workerd.log()}`);
    const { live, retired } = JSON.parse(await get("/isolate")) as IsolateSnapshot;
    const isGrown = live.bytes > FIRST_PAGES * PAGE_BYTES;
    if (isGrown !== (contender === "no-restart")) throw new Error(`${contender}: the filter has ${live.bytes} bytes`);
    return { series, retiredBytes: retired.bytes };
  } finally {
    await workerd.stop();
  }
}

function requestOf(n: number): string {
  return `GET /growing/${n % 97} HTTP/1.1\r\nHost: api.example\r\nAuthorization: Bearer token-${n % 1_000}\r\n\r\n`;
}

/** Resident memory of a process as the operating system counts it (VmRSS). */
async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kibibytes === undefined) throw new Error(`/proc/${pid}/status has no VmRSS`);
  return Number(kibibytes) * 1_024;
}

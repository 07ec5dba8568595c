import { median } from "../../scripts/median.ts";
import type { WorkerdProcess } from "../../scripts/workerd.ts";
import { closedLoop } from "../load.ts";
import { processCpuUs } from "../process-cpu.ts";
import { type Contender, requestAt } from "./contenders.ts";
import type { Nginx } from "./nginx.ts";
import type { Tokens } from "./tokens.ts";

export type Runner = Contender | "nginx";

export interface Figures {
  readonly cpuUs: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Load {
  readonly rounds: number;
  /** Of each runner in each round. */
  readonly seconds: number;
  readonly connections: number;
  readonly users: number;
}

/** Turns of each runner in a round. */
const TURNS = 4;
const WARM_UP_MS = 1_500;

export interface Machines {
  readonly workerd: WorkerdProcess;
  readonly nginx: Nginx | undefined;
  readonly tokens: Tokens;
}

/**
 * Runs all in short turns, so that noise of the machine affects all alike. One workerd serves them and their upstream; its CPU
 * counts whole, and nginx's beside it.
 */
export async function cpuRounds(
  runners: readonly Runner[],
  machines: Machines,
  load: Load,
): Promise<Record<Runner, Figures>[]> {
  for (const name of runners) await turn(name, machines, load, WARM_UP_MS);
  const rounds: Record<Runner, Figures>[] = [];
  for (let round = 0; round < load.rounds; round += 1) {
    rounds.push(await roundOf(runners, machines, load));
    console.error(`round ${round + 1} of ${load.rounds}`);
  }
  return rounds;
}

async function roundOf(runners: readonly Runner[], machines: Machines, load: Load): Promise<Record<Runner, Figures>> {
  const sums = new Map(runners.map((name) => [name, { cpuUs: 0, requests: 0, latenciesMs: [] as number[] }]));
  for (let n = 0; n < TURNS; n += 1) {
    for (const name of runners) {
      const sum = sums.get(name)!;
      const { cpuUs, requests, latenciesMs } = await turn(name, machines, load, (load.seconds * 1_000) / TURNS);
      sum.cpuUs += cpuUs;
      sum.requests += requests;
      sum.latenciesMs.push(...latenciesMs);
    }
  }
  const figures = runners.map((name) => {
    const { cpuUs, requests, latenciesMs } = sums.get(name)!;
    return [name, { cpuUs: cpuUs / requests, requestsPerSecond: requests / load.seconds, ...percentiles(latenciesMs) }];
  });
  return Object.fromEntries(figures) as Record<Runner, Figures>;
}

async function turn(name: Runner, { workerd, nginx, tokens }: Machines, { connections, users }: Load, ms: number) {
  const pids = name === "nginx" ? [workerd.pid, nginx!.pid] : [workerd.pid];
  const cpu = () => pids.reduce((sum, pid) => sum + processCpuUs(pid), 0);
  const port = name === "nginx" ? nginx!.port : workerd.ports[name]!;
  const before = cpu();
  const request = (n: number) => requestAt(name, n, users, tokens);
  const { requests, failures, latenciesMs } = await closedLoop(port, connections, ms, request);
  if (failures > 0) throw new Error(`${name}: ${failures} of ${requests} requests failed:\n${workerd.log()}`);
  return { cpuUs: cpu() - before, requests, latenciesMs };
}

export function percentiles(latenciesMs: readonly number[]): { p50Ms: number; p99Ms: number } {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * sorted.length)] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Median, least and most of some rounds. */
export function spreadOf(measured: readonly number[]): Spread {
  return { median: median([...measured]), least: Math.min(...measured), most: Math.max(...measured) };
}

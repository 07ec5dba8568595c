import { exponential, type Random, seededRandom } from "../../scripts/traffic/random.ts";
import { zipfSampler } from "../../scripts/traffic/zipf.ts";
import { type Workload, WorkloadBuilder } from "./workload.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** A few clients make most of the requests. A tenth of the requests ask for another resource than the client's first. */
const CLIENTS = 8_000;
const ZIPF_EXPONENT = 1;
const RESOURCES_EACH = 3;

/** A day of generated traffic. The same seed gives the same traffic. */
export interface Scenario {
  readonly name: string;
  readonly about: string;
  make(seed: number): Workload;
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: "constant",
    about: "3 requests a second for 24 hours: the right answer is no restart",
    make: (seed) => clientsAtRate("constant", seed, () => 3),
  },
  {
    name: "diurnal",
    about: "a day of 345,000 requests: 7.4 a second at noon, a twelfth of that at night",
    make: (seed) => clientsAtRate("diurnal", seed, diurnalPerSecond),
  },
  {
    name: "flash-crowd",
    about: "1 request a second; 15 a second during two half-hours",
    make: (seed) => clientsAtRate("flash-crowd", seed, flashCrowdPerSecond),
  },
  {
    name: "sessions",
    about: "clients that stay for a quarter of an hour, request a few resources many times, and do not return",
    make: sessions,
  },
  {
    name: "low",
    about: "one request every two minutes: memory hardly grows",
    make: (seed) => clientsAtRate("low", seed, () => 1 / 120),
  },
];

/** @throws Error that lists the known scenarios */
export function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found) return found;
  throw new Error(`--scenario ${name}: allowed are ${SCENARIOS.map((scenario) => scenario.name).join(", ")}`);
}

function diurnalPerSecond(timeMs: number): number {
  return 4 + 3.4 * Math.sin((2 * Math.PI * (timeMs - DAY_MS / 4)) / DAY_MS);
}

function flashCrowdPerSecond(timeMs: number): number {
  const inCrowd = [7, 16].some((hour) => timeMs >= hour * HOUR_MS && timeMs < (hour + 0.5) * HOUR_MS);
  return inCrowd ? 15 : 1;
}

/** Poisson arrivals at a rate that changes with time (by thinning). Clients follow Zipf's law. */
function clientsAtRate(name: string, seed: number, perSecondAt: (timeMs: number) => number): Workload {
  const random = seededRandom(seed);
  const drawClient = zipfSampler(CLIENTS, ZIPF_EXPONENT, random);
  const builder = new WorkloadBuilder();
  const highest = highestOf(perSecondAt);
  for (let timeMs = gapMs(random, highest); timeMs < DAY_MS; timeMs += gapMs(random, highest)) {
    if (random() * highest > perSecondAt(timeMs)) continue;
    builder.add(timeMs, drawClient() * RESOURCES_EACH + resourceOf(random));
  }
  return builder.build(name);
}

function resourceOf(random: Random): number {
  return random() < 0.9 ? 0 : 1 + Math.floor(random() * (RESOURCES_EACH - 1));
}

function highestOf(perSecondAt: (timeMs: number) => number): number {
  let highest = 0;
  for (let timeMs = 0; timeMs < DAY_MS; timeMs += 60_000) highest = Math.max(highest, perSecondAt(timeMs));
  return highest;
}

function gapMs(random: Random, perSecond: number): number {
  return exponential(random, perSecond) * 1_000;
}

/** Sessions start at a diurnal rate. Each lasts 15 minutes and requests one of its 3 resources every 20 s, on average. */
function sessions(seed: number): Workload {
  const random = seededRandom(seed);
  const requests: { timeMs: number; identity: number }[] = [];
  const highest = 0.2;
  let session = 0;
  for (let startMs = gapMs(random, highest); startMs < DAY_MS; startMs += gapMs(random, highest)) {
    if (random() > diurnalPerSecond(startMs) / 7.4) continue;
    session += 1;
    const endMs = Math.min(DAY_MS, startMs + exponential(random, 1) * 15 * 60_000);
    for (let timeMs = startMs; timeMs < endMs; timeMs += gapMs(random, 1 / 20)) {
      requests.push({ timeMs, identity: session * 3 + Math.floor(random() * 3) });
    }
  }
  requests.sort((a, b) => a.timeMs - b.timeMs);
  const builder = new WorkloadBuilder();
  for (const { timeMs, identity } of requests) builder.add(timeMs, identity);
  return builder.build("sessions");
}

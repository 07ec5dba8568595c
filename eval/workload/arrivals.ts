import { exponential, type Random, seededRandom } from "../../scripts/traffic/random.ts";
import { zipfSampler } from "../../scripts/traffic/zipf.ts";
import { DAY_MS, type RateAt } from "./rates.ts";
import { type Workload, WorkloadBuilder } from "./workload.ts";

/** A few clients make most of the requests. A tenth of the requests ask for another resource than the client's first. */
const CLIENTS = 8_000;
const ZIPF_EXPONENT = 1;
const RESOURCES_EACH = 3;

/** Chooses the decision key of the next request. */
type Identify = () => number;

/** Clients of a service, who follow Zipf's law and mostly ask for one resource. */
export function frequentClients(random: Random): Identify {
  const drawClient = zipfSampler(CLIENTS, ZIPF_EXPONENT, random);
  const resource = () => (random() < 0.9 ? 0 : 1 + Math.floor(random() * (RESOURCES_EACH - 1)));
  return () => drawClient() * RESOURCES_EACH + resource();
}

/** Share of the requests that repeat one of the requests just before. */
const REPEATED = 0.1;
const LATEST = 100;

/** Nearly every request asks for something new, as with keys of a client and a path with numbers in it. */
export function newResources(random: Random): Identify {
  let asked = 0;
  return () => {
    if (asked > 0 && random() < REPEATED) return asked - 1 - Math.floor(random() * Math.min(asked, LATEST));
    asked += 1;
    return asked - 1;
  };
}

/** Poisson arrivals at a rate that changes with time (by thinning). */
export function clientsAtRate(
  name: string,
  seed: number,
  perSecondAt: RateAt,
  { endMs = DAY_MS, identify = frequentClients }: { endMs?: number; identify?: (random: Random) => Identify } = {},
): Workload {
  const random = seededRandom(seed);
  const next = identify(random);
  const builder = new WorkloadBuilder();
  for (const timeMs of arrivals(random, perSecondAt, endMs)) builder.add(timeMs, next());
  return builder.build(name);
}

/** Strangers who flood a service for a while. Each comes once and is denied. */
export interface Flood {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly perSecond: number;
}

/** Clients at a rate, and a flood of strangers. */
export function clientsAndFlood(name: string, seed: number, perSecondAt: RateAt, flood: Flood): Workload {
  const random = seededRandom(seed);
  const next = frequentClients(random);
  const floodAt: RateAt = (timeMs) => (timeMs >= flood.fromMs && timeMs < flood.untilMs ? flood.perSecond : 0);
  const builder = new WorkloadBuilder();
  for (const timeMs of arrivals(random, (at) => perSecondAt(at) + floodAt(at), DAY_MS)) {
    const strangers = floodAt(timeMs);
    if (random() * (perSecondAt(timeMs) + strangers) < strangers) builder.addStranger(timeMs);
    else builder.add(timeMs, next());
  }
  return builder.build(name);
}

const SESSION_MS = 15 * 60_000;
const SESSION_RESOURCES = 3;
const SESSION_GAP_S = 20;
const SESSIONS_PER_SECOND = 0.2;

/** Sessions start at a rate. Each lasts 15 minutes and requests one of its 3 resources every 20 s, on average. */
export function sessions(name: string, seed: number, perSecondAt: RateAt): Workload {
  const random = seededRandom(seed);
  const highest = highestOf(perSecondAt, DAY_MS);
  const requests: { timeMs: number; identity: number }[] = [];
  let session = 0;
  const gap = () => gapMs(random, SESSIONS_PER_SECOND);
  for (let startMs = gap(); startMs < DAY_MS; startMs += gap()) {
    if (random() > perSecondAt(startMs) / highest) continue;
    session += 1;
    const endMs = Math.min(DAY_MS, startMs + exponential(random, 1) * SESSION_MS);
    for (let timeMs = startMs; timeMs < endMs; timeMs += gapMs(random, 1 / SESSION_GAP_S)) {
      requests.push({ timeMs, identity: session * SESSION_RESOURCES + Math.floor(random() * SESSION_RESOURCES) });
    }
  }
  requests.sort((a, b) => a.timeMs - b.timeMs);
  const builder = new WorkloadBuilder();
  for (const { timeMs, identity } of requests) builder.add(timeMs, identity);
  return builder.build(name);
}

function* arrivals(random: Random, perSecondAt: RateAt, endMs: number): Generator<number> {
  const highest = highestOf(perSecondAt, endMs);
  for (let timeMs = gapMs(random, highest); timeMs < endMs; timeMs += gapMs(random, highest)) {
    if (random() * highest <= perSecondAt(timeMs)) yield timeMs;
  }
}

function highestOf(perSecondAt: RateAt, endMs: number): number {
  let highest = 0;
  for (let timeMs = 0; timeMs < endMs; timeMs += 60_000) highest = Math.max(highest, perSecondAt(timeMs));
  return highest;
}

function gapMs(random: Random, perSecond: number): number {
  return exponential(random, perSecond) * 1_000;
}

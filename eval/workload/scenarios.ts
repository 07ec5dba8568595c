import type { EntryTtl } from "../guests/entry-ttl.ts";
import { clientsAndFlood, clientsAtRate, newResources, sessions } from "./arrivals.ts";
import {
  burstRate,
  constantRate,
  DAY_MS,
  declineRate,
  diurnalRate,
  flashCrowdRate,
  GROWTH_DAYS,
  growthRate,
  HOUR_MS,
  weekRate,
} from "./rates.ts";
import type { Workload } from "./workload.ts";

/** Generated traffic. The same seed gives the same traffic. */
export interface Scenario {
  readonly name: string;
  readonly about: string;
  /** How long decisions live, for a scenario in which it is not the same for all. */
  readonly ttl?: Omit<EntryTtl, "denied"> & { readonly deniedTtlMs?: number };
  make(seed: number): Workload;
}

const FLOOD = { fromMs: 10 * HOUR_MS, untilMs: 11 * HOUR_MS, perSecond: 20 };

export const SCENARIOS: readonly Scenario[] = [
  {
    name: "constant",
    about: "3 requests a second for 24 hours",
    make: (seed) => clientsAtRate("constant", seed, constantRate(3)),
  },
  {
    name: "diurnal",
    about: "a day of 345,000 requests: 7.4 a second at noon, a twelfth of that at night",
    make: (seed) => clientsAtRate("diurnal", seed, diurnalRate),
  },
  {
    name: "flash-crowd",
    about: "1 request a second; 15 a second during two half-hours",
    make: (seed) => clientsAtRate("flash-crowd", seed, flashCrowdRate),
  },
  {
    name: "sessions",
    about: "clients that stay for a quarter of an hour, request a few resources many times, and do not return",
    make: (seed) => sessions("sessions", seed, diurnalRate),
  },
  {
    name: "low",
    about: "one request every two minutes: memory hardly grows",
    make: (seed) => clientsAtRate("low", seed, constantRate(1 / 120)),
  },
  {
    name: "low-hits",
    about: "half the diurnal day; nine of ten requests ask for something new, so that the cache rarely helps",
    make: (seed) => clientsAtRate("low-hits", seed, (timeMs) => diurnalRate(timeMs) / 2, { identify: newResources }),
  },
  {
    name: "bursts",
    about: "10 requests a second for ten minutes of every hour, a twentieth of that in between",
    make: (seed) => clientsAtRate("bursts", seed, burstRate),
  },
  {
    name: "decline",
    about: "8 requests a second, which fall over the day to a tenth",
    make: (seed) => clientsAtRate("decline", seed, declineRate),
  },
  {
    name: "week",
    about: "seven diurnal days, the last two with a third of the requests",
    make: (seed) => clientsAtRate("week", seed, weekRate, { endMs: 7 * DAY_MS }),
  },
  {
    name: "growth",
    about: "three diurnal days, over which the load doubles",
    make: (seed) => clientsAtRate("growth", seed, growthRate, { endMs: GROWTH_DAYS * DAY_MS }),
  },
  {
    name: "ttl-down",
    about: "3 requests a second; at noon the TTL falls from 600 s to 60 s",
    ttl: { ttlMs: 600_000, change: { atMs: 12 * HOUR_MS, ttlMs: 60_000 } },
    make: (seed) => clientsAtRate("ttl-down", seed, constantRate(3)),
  },
  {
    name: "ttl-up",
    about: "3 requests a second; at noon the TTL rises from 60 s to 600 s",
    ttl: { ttlMs: 60_000, change: { atMs: 12 * HOUR_MS, ttlMs: 600_000 } },
    make: (seed) => clientsAtRate("ttl-up", seed, constantRate(3)),
  },
  {
    name: "two-ttls",
    about: "the diurnal day; the decisions of 30 % of the keys live for 60 s, the others for 600 s",
    ttl: { ttlMs: 600_000, second: { share: 0.3, ttlMs: 60_000 } },
    make: (seed) => clientsAtRate("two-ttls", seed, diurnalRate),
  },
  {
    name: "denial-flood",
    about:
      "the diurnal day, and for an hour 20 strangers a second, each of whom comes once and is denied; a denial is cached for 60 s",
    ttl: { ttlMs: 300_000, deniedTtlMs: 60_000 },
    make: (seed) => clientsAndFlood("denial-flood", seed, diurnalRate, FLOOD),
  },
];

/** @throws Error that lists the known scenarios */
export function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found) return found;
  throw new Error(`--scenario ${name}: allowed are ${SCENARIOS.map((scenario) => scenario.name).join(", ")}`);
}

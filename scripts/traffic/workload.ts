import { requestsPerSecond } from "./load-curve.ts";
import type { SyntheticLoad } from "./options.ts";
import { exponential, type Random } from "./random.ts";
import type { TraceRequest } from "./trace.ts";
import { zipfSampler } from "./zipf.ts";

/** The expected answer of the demo's authorization server. */
export type Expectation = "allowed" | "denied" | "unauthenticated";

export interface PlannedRequest {
  /** Time of sending, from the start of the run. */
  atMs: number;
  path: string;
  /** The bearer token; undefined sends no Authorization header. */
  token: string | undefined;
  expected: Expectation;
}

/** How paths and tokens are spelled. */
export interface Spelling {
  prefix: string;
  tokenPrefix: string;
}

const DENIED_PART = 0.02;
const UNAUTHENTICATED_PART = 0.01;
/** Each user repeatedly requests a few resources of their own. */
const RESOURCES_PER_USER = 4;

/** Requests as a Poisson process whose rate follows the load curve, from users by Zipf's law. Ordered by time. */
export function* syntheticWorkload(load: SyntheticLoad, spelling: Spelling, random: Random): Generator<PlannedRequest> {
  const drawUser = zipfSampler(load.users, load.zipfExponent, random);
  let atSeconds = 0;
  while (true) {
    atSeconds += exponential(random, requestsPerSecond(load, atSeconds));
    if (atSeconds >= load.durationSeconds) return;
    const user = drawUser();
    const path = `${spelling.prefix}/${user * RESOURCES_PER_USER + Math.floor(random() * RESOURCES_PER_USER)}`;
    const lot = random();
    const expected =
      lot < DENIED_PART ? "denied" : lot < DENIED_PART + UNAUTHENTICATED_PART ? "unauthenticated" : "allowed";
    yield { atMs: atSeconds * 1000, path, token: tokenFor(spelling, user, expected), expected };
  }
}

/** A recorded trace, `speed` times as fast. All of its requests should be allowed. */
export function* traceWorkload(
  requests: Iterable<TraceRequest>,
  speed: number,
  spelling: Spelling,
): Generator<PlannedRequest> {
  for (const { atSeconds, client, key } of requests) {
    yield {
      atMs: (atSeconds * 1000) / speed,
      path: `${spelling.prefix}/${key}`,
      token: tokenFor(spelling, client, "allowed"),
      expected: "allowed",
    };
  }
}

function tokenFor({ tokenPrefix }: Spelling, user: number, expected: Expectation): string | undefined {
  switch (expected) {
    case "allowed":
      return `${tokenPrefix}u${user}`;
    case "denied":
      return `${tokenPrefix}revoked-u${user}`;
    case "unauthenticated":
      return undefined;
  }
}

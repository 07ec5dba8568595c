import { setTimeout as sleep } from "node:timers/promises";
import { type Dependencies, TOKENS } from "./ordinary.ts";
import { AUTHORIZATION_FAULTS, type AuthorizationServer } from "./servers.ts";
import { SERVICE_NAMES } from "./services.ts";

/** Counts of events besides requests. */
export interface EventCounts {
  rights: number;
  purges: number;
  restarts: number;
  faults: number;
  /** Included in `faults`. */
  outages: number;
}

/** A fault ends before `failOpen` may apply; an outage lasts until it does. */
const MAX_FAULT_MS = 6_000;
const OUTAGE_MS = 45_000;
/** Share of the authorization server's faults. */
const OUTAGE_SHARE = 0.1;
/** Time between faults, long enough for refusals because of the last one to end. */
const BETWEEN_FAULTS_MS = 15_000;

/** Grants or revokes a token's right, sometimes with a purge so that it takes effect at once. */
export async function changeRight(dependencies: Dependencies, counts: EventCounts): Promise<void> {
  const { random, reference, nowMs } = dependencies;
  const token = random.pick(TOKENS);
  reference.setRight(token, !reference.isAllowed(token), nowMs());
  counts.rights += 1;
  if (random.next() < 0.3) await purge(dependencies, counts, token);
}

export async function purge(dependencies: Dependencies, counts: EventCounts, credential?: string): Promise<void> {
  const { reference, nowMs } = dependencies;
  const startedMs = nowMs();
  const body = await operate(dependencies, "purge", credential === undefined ? {} : { credential });
  const isConfirmed = body !== undefined && !Object.values(body).some((outcome) => "error" in outcome);
  // A failed purge guarantees nothing.
  if (isConfirmed) reference.purged(credential, startedMs);
  counts.purges += 1;
}

export async function restart(dependencies: Dependencies, counts: EventCounts): Promise<void> {
  await operate(dependencies, "restart", { service: dependencies.random.pick(SERVICE_NAMES) });
  counts.restarts += 1;
}

/** Breaks a server for some seconds. */
export async function fault(
  dependencies: Dependencies,
  authorization: AuthorizationServer,
  counts: EventCounts,
  isOver: () => boolean,
): Promise<void> {
  const { random, reference, upstream, nowMs } = dependencies;
  await sleep(BETWEEN_FAULTS_MS * (0.7 + random.next()));
  if (isOver()) return;
  const of = random.next() < 0.7 ? "authorization" : "upstream";
  reference.faultBegins(of, nowMs());
  counts.faults += 1;
  const isOutage = of === "authorization" && random.next() < OUTAGE_SHARE;
  if (isOutage) counts.outages += 1;
  if (of === "upstream") upstream.isBroken = true;
  else authorization.fault = isOutage ? "reset" : random.pick(AUTHORIZATION_FAULTS);
  const endsMs = nowMs() + (isOutage ? OUTAGE_MS : MAX_FAULT_MS * (0.3 + 0.7 * random.next()));
  while (nowMs() < endsMs && !isOver()) await sleep(250);
  authorization.fault = undefined;
  upstream.isBroken = false;
  reference.faultEnds(of, nowMs());
}

async function operate(
  { port }: Dependencies,
  action: string,
  body: object,
): Promise<Record<string, object> | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/stats/${action}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    return ((await response.json()) as { services?: Record<string, object> }).services;
  } catch {
    return undefined;
  }
}

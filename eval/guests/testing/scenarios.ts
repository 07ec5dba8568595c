import { seededRandom } from "../../../scripts/traffic/random.ts";
import type { CacheGuest } from "../cache-guest.ts";

/** One step in the life of a guest. */
export type Event =
  | { readonly kind: "request"; readonly nowMs: number; readonly key: number }
  | { readonly kind: "tick"; readonly nowMs: number }
  | { readonly kind: "restart"; readonly nowMs: number };

export interface ScenarioOptions {
  readonly requests: number;
  readonly keyCount: number;
  /** Mean time between requests outside bursts and idle times. */
  readonly spacingMs: number;
  /** Probabilities at each request: of an idle time of up to an hour, a restart, a burst. */
  readonly idle?: number;
  readonly restart?: number;
  readonly burst?: number;
  /** Requests in one burst, all at the same instant. */
  readonly burstRequests?: number;
  /** False: the host never ticks, so only requests expire entries. */
  readonly ticks?: boolean;
}

const HOUR_MS = 3_600_000;
const TICK_MS = 1_000;

/** Traffic with bursts, idle times and restarts. The same seed gives the same traffic. */
export function scenario(seed: number, options: ScenarioOptions): Event[] {
  const { requests, keyCount, spacingMs, idle = 0, restart = 0, burst = 0, burstRequests = 0, ticks = true } = options;
  const random = seededRandom(seed);
  const events: Event[] = [];
  let nowMs = 0;
  let tickedMs = 0;
  let left = 0;
  for (let count = 0; count < requests; count++) {
    if (left > 0) left -= 1;
    else {
      nowMs += random() < idle ? random() * HOUR_MS : random() * 2 * spacingMs;
      if (random() < burst) left = burstRequests;
    }
    if (ticks && nowMs - tickedMs >= TICK_MS) {
      tickedMs = nowMs;
      events.push({ kind: "tick", nowMs });
    }
    if (random() < restart) events.push({ kind: "restart", nowMs });
    // A few keys are frequent, most are rare.
    events.push({ kind: "request", nowMs, key: Math.floor(random() * random() * keyCount) });
  }
  return events;
}

/** Applies the event and describes the visible result: hit or miss, and allocated bytes. */
export async function observe(guest: CacheGuest, event: Event): Promise<string> {
  let seen: string = event.kind;
  if (event.kind === "tick") guest.tick(event.nowMs);
  else if (event.kind === "restart") seen = `restart to ${guest.restart(event.nowMs, false)}`;
  else {
    const hit = guest.request(event.nowMs, event.key);
    seen = (typeof hit === "boolean" ? hit : await hit) ? "hit" : "miss";
  }
  return `${seen}, ${guest.allocatedBytes} bytes`;
}

/** Runs both guests through all events and describes the first difference; undefined if there is none. */
export async function firstDifference(
  real: CacheGuest,
  model: CacheGuest,
  events: readonly Event[],
): Promise<string | undefined> {
  for (const [index, event] of events.entries()) {
    const seen = await observe(real, event);
    const expected = await observe(model, event);
    const text = `event ${index} (${JSON.stringify(event)})`;
    if (seen !== expected) return `${text}: the module ${seen}; the model ${expected}`;
    // The filter does not update its metrics at every hit, and some modules don't report live bytes.
    if (seen.startsWith("hit") || Number.isNaN(real.liveBytes) || real.liveBytes === model.liveBytes) continue;
    return `${text}: live bytes of the module ${real.liveBytes}; of the model ${model.liveBytes}`;
  }
  return undefined;
}

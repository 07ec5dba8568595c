import { seededRandom } from "../../../scripts/traffic/random.ts";
import type { CacheGuest } from "../cache-guest.ts";

/** One thing that happens to a guest. */
export type Event =
  | { readonly kind: "request"; readonly nowMs: number; readonly key: number }
  | { readonly kind: "tick"; readonly nowMs: number }
  | { readonly kind: "restart"; readonly nowMs: number };

export interface ScenarioOptions {
  readonly requests: number;
  readonly keyCount: number;
  /** Mean time between requests outside of bursts. */
  readonly spacingMs: number;
  /** Chance, at each request, of an idle time of up to an hour, of a restart, of a burst. */
  readonly idle?: number;
  readonly restart?: number;
  readonly burst?: number;
  /** Requests of one burst, all of one instant. */
  readonly burstRequests?: number;
  /** False: the host never ticks, so that requests alone pay for expiries. */
  readonly ticks?: boolean;
}

const HOUR_MS = 3_600_000;
const TICK_MS = 1_000;

/** Traffic with bursts, idle hours and restarts, the same for the same seed. */
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
    // Some keys are asked for often, most seldom.
    events.push({ kind: "request", nowMs, key: Math.floor(random() * random() * keyCount) });
  }
  return events;
}

/** What is seen of a guest after an event: whether it hit, and its pages. */
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

/** Runs both through all events; where they first differ, or undefined. */
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
    // A hit need not tell the metrics, and of some modules nobody knows what they hold.
    if (seen.startsWith("hit") || Number.isNaN(real.liveBytes) || real.liveBytes === model.liveBytes) continue;
    return `${text}: live bytes of the module ${real.liveBytes}; of the model ${model.liveBytes}`;
  }
  return undefined;
}

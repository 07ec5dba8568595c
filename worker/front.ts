import type { Gateway } from "../config/index.ts";
import type { WorkerCounter } from "./counts/worker-counter.ts";
import type { Credentials } from "./credentials/credentials.ts";
import type { DecisionLog } from "./decisions/decision-log.ts";
import type { EdgeCache } from "./edge/edge-cache.ts";

/** What all requests to one isolate share. */
export interface Front {
  readonly gateway: Gateway;
  readonly edge: EdgeCache;
  readonly credentials: Credentials;
  readonly counter: WorkerCounter;
  readonly decisions: DecisionLog;
  readonly nowMs: () => number;
}

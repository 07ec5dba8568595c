import type { Restart } from "../../config/index.ts";

/** What the estimator works with; config/gateway.ts describes each. Tests and the demo shorten them all. */
export type EstimateSettings = Pick<Restart, "collectMs" | "binMs" | "ttlCapMs" | "ttlDefaultMs" | "sampleIntervalMs">;

import type { Restart } from "../../config/index.ts";

/** What the policies work with; config/gateway.ts describes each. */
export type RestartSettings = Omit<Restart, "policy">;

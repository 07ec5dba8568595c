import type { Gateway } from "../../../config/index.ts";
import type { Env } from "../../../durable/environment.ts";
import { directoryReading } from "../collect-stats.ts";
import { decisionProblems } from "../gateway-problems.ts";
import type { HealthSource } from "./health-monitor.ts";

/** The health of this gateway, as a request with this environment can read it. */
export function healthSource(gateway: Gateway, env: Env): HealthSource {
  return {
    problems: () => decisionProblems(gateway, env),
    read: () => directoryReading(env, { services: gateway.services.map(({ name }) => name) }),
  };
}

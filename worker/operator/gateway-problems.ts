import type { Gateway } from "../../config/index.ts";
import { type Env, missingBindings } from "../../durable/environment.ts";

/** What keeps the gateway from working in this environment: variables without a valid value, missing bindings. */
export function gatewayProblems(gateway: Gateway, env: Env): string[] {
  return [...(gateway.fault === undefined ? [] : [gateway.fault]), ...missingBindings(gateway, env)];
}

/** Of these, what keeps it from deciding: without Analytics Engine only data points are lost. */
export function decisionProblems({ analytics: _, ...gateway }: Gateway, env: Env): string[] {
  return gatewayProblems(gateway, env);
}

import type { Operator } from "../../config/gateway.ts";
import { readTokens } from "../../config/operator-tokens.ts";
import { type Env, secretNamed } from "../../durable/environment.ts";

/** Logs which secrets open nothing, because they are not usable tokens. */
export function reportOperatorTokens(env: Env, operator: Operator): void {
  for (const { secret, found, allowed } of readTokens((name) => secretNamed(env, name), operator).problems) {
    console.error(`operator: secret ${secret} opens nothing: found ${found}; allowed: ${allowed}`);
  }
}

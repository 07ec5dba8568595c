import { operatorTokenProblem } from "../../config/operator-token.ts";
import { type Env, secretNamed } from "../../durable/environment.ts";

/** Logs that the operator's pages stay closed if the secret is not a usable token. */
export function reportOperatorToken(env: Env, tokenSecret: string): void {
  const token = secretNamed(env, tokenSecret);
  const problem = token === undefined ? undefined : operatorTokenProblem(token);
  if (problem === undefined) return;
  console.error(`operator: secret ${tokenSecret} opens nothing: found ${problem.found}; allowed: ${problem.allowed}`);
}

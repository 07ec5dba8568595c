import { operatorTokenProblem } from "../../config/operator-token.ts";
import { type Env, secretNamed } from "../../durable/environment.ts";

/** Says in the log that the operator's pages stay closed, where the secret that should open them cannot. */
export function reportOperatorToken(env: Env, tokenSecret: string): void {
  const token = secretNamed(env, tokenSecret);
  const problem = token === undefined ? undefined : operatorTokenProblem(token);
  if (problem === undefined) return;
  console.error(`operator: secret ${tokenSecret} opens nothing: found ${problem.found}; allowed: ${problem.allowed}`);
}

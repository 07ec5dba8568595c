import type { Operator } from "./gateway.ts";

/** Shorter tokens can be guessed. */
const MIN_OPERATOR_TOKEN_CHARACTERS = 16;

/** Why the operator's token is unusable; undefined if it is usable. */
function operatorTokenProblem(token: string): { found: string; allowed: string } | undefined {
  const allowed = `${MIN_OPERATOR_TOKEN_CHARACTERS} or more visible ASCII characters: openssl rand -base64 32`;
  if (token.length < MIN_OPERATOR_TOKEN_CHARACTERS) return { found: `${token.length} characters`, allowed };
  return /^[\x21-\x7e]+$/.test(token) ? undefined : { found: "a blank or a character that no header allows", allowed };
}

/** Names of the secrets with tokens, the one for all services first. */
export function tokenSecrets({ tokenSecret, tokens }: Operator): string[] {
  return [tokenSecret, ...tokens.map(({ secret }) => secret)];
}

/** The names of the services that a token opens. */
export type VisibleServices = "all" | readonly string[];

/** A token that opens the operator's pages. */
export interface OperatorToken {
  /** Name of its secret. */
  readonly secret: string;
  readonly value: string;
  readonly services: VisibleServices;
}

/** Why a secret opens nothing. */
interface TokenProblem {
  readonly secret: string;
  readonly found: string;
  readonly allowed: string;
}

/**
 * The tokens among the secrets. Two that are alike open nothing: it would be unclear what they may.
 *
 * @param read the value of a secret; undefined if it is not set
 */
export function readTokens(
  read: (secret: string) => string | undefined,
  { tokenSecret, tokens }: Pick<Operator, "tokenSecret" | "tokens">,
): { usable: OperatorToken[]; problems: TokenProblem[] } {
  const known = [{ secret: tokenSecret, services: "all" as const }, ...tokens];
  const set = known.flatMap(({ secret, services }) => {
    const value = read(secret);
    return value === undefined ? [] : [{ secret, services, value }];
  });
  const usable: OperatorToken[] = [];
  const problems: TokenProblem[] = [];
  for (const token of set) {
    const problem = operatorTokenProblem(token.value) ?? twinProblem(token, set);
    if (problem === undefined) usable.push(token);
    else problems.push({ secret: token.secret, ...problem });
  }
  return { usable, problems };
}

function twinProblem(token: OperatorToken, all: readonly OperatorToken[]): Omit<TokenProblem, "secret"> | undefined {
  const twin = all.find((other) => other !== token && other.value === token.value);
  return twin && { found: `the value of ${twin.secret}`, allowed: "a value of its own: openssl rand -base64 32" };
}

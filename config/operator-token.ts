/** Shorter tokens can be guessed. */
export const MIN_OPERATOR_TOKEN_CHARACTERS = 16;

/** Why the operator's token is unusable; undefined if it is usable. */
export function operatorTokenProblem(token: string): { found: string; allowed: string } | undefined {
  const allowed = `${MIN_OPERATOR_TOKEN_CHARACTERS} or more visible ASCII characters: openssl rand -base64 32`;
  if (token.length < MIN_OPERATOR_TOKEN_CHARACTERS) return { found: `${token.length} characters`, allowed };
  return /^[\x21-\x7e]+$/.test(token) ? undefined : { found: "a blank or a character that no header allows", allowed };
}

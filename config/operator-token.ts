/** Shorter ones can be guessed. */
export const MIN_OPERATOR_TOKEN_CHARACTERS = 16;

/** What is wrong with the value of the operator's token, which then opens nothing; undefined where nothing is. */
export function operatorTokenProblem(token: string): { found: string; allowed: string } | undefined {
  const allowed = `${MIN_OPERATOR_TOKEN_CHARACTERS} or more visible ASCII characters: openssl rand -base64 32`;
  if (token.length < MIN_OPERATOR_TOKEN_CHARACTERS) return { found: `${token.length} characters`, allowed };
  return /^[\x21-\x7e]+$/.test(token) ? undefined : { found: "a blank or a character that no header carries", allowed };
}

/** `Authorization: …`, `Cookie:…`: a header as it was copied, name and all. */
const HEADER_NAME = /^(?:[!#$%&'*+.^_`|~\w-]+:\s+|(?:(?:proxy-)?authorization|cookie|x-[\w-]+):)(?=\S)/i;
/** Of the schemes that come before a token; other words are part of it. */
const SCHEME = /^(?:basic|bearer|token|dpop|apikey|api-key|negotiate)\s+(?=\S)/i;
/** What is left of a pair without its name: nothing that could be a credential. */
const NO_CREDENTIAL = /^[^\da-z]*$/i;

/**
 * The credentials that an operator's text may stand for: filters know one without its scheme or its cookie's name, and
 * people copy it with them, or copy the whole header. To purge one too many costs a call; to purge none is a revocation
 * that silently does nothing. (How else one can be spelled is the filter's affair.)
 */
export function credentialsMeant(text: string): string[] {
  const copied = text.trim();
  const value = copied.replace(HEADER_NAME, "");
  const credential = value.replace(SCHEME, "");
  const valuesOfPairs = value
    .split(/[;,]/)
    .map((pair) => pair.slice(pair.indexOf("=") + 1).trim())
    .filter((meant) => !NO_CREDENTIAL.test(meant));
  return [...new Set([copied, value, credential, ...valuesOfPairs])];
}

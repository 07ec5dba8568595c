import { decodeJwt } from "jose";

/** `Authorization: …`, `Cookie:…`: a header copied with its name. */
const HEADER_NAME = /^(?:[!#$%&'*+.^_`|~\w-]+:\s+|(?:(?:proxy-)?authorization|cookie|x-[\w-]+):)(?=\S)/i;
/** Schemes that precede a token; other words are part of the token. */
const SCHEME = /^(?:basic|bearer|token|dpop|apikey|api-key|negotiate)\s+(?=\S)/i;
/** A cookie value without letters and digits: not a credential. */
const NO_CREDENTIAL = /^[^\da-z]*$/i;

/**
 * The credentials that an operator's text may mean. Filters see a credential without its scheme or cookie name, but people
 * copy it with them, or copy the whole header. Purging one too many costs an outbound call; purging none is a revocation
 * that silently does nothing. (The filter handles other spellings.)
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

/** The subjects of tokens among the credentials, for services that ask about subjects. Nothing of a token need be proved for a purge. */
export function subjectsMeant(credentials: readonly string[]): string[] {
  return credentials.flatMap((credential) => {
    try {
      const { sub } = decodeJwt(credential);
      return typeof sub === "string" ? [sub] : [];
    } catch {
      return [];
    }
  });
}

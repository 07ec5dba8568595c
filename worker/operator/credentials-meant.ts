/**
 * The credentials that an operator's text may stand for: filters know a credential without its scheme, and people copy it
 * with one. To purge one too many costs a call; to purge none is a revocation that silently does nothing.
 */
export function credentialsMeant(text: string): string[] {
  const credential = text.trim();
  const withoutScheme = /^(?:bearer|basic)\s+(\S.*)$/i.exec(credential)?.[1];
  return withoutScheme === undefined ? [credential] : [credential, withoutScheme];
}

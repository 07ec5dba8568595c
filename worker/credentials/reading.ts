/** Tells apart a credential that cannot be read from one that is not there. */
export const UNREADABLE = Symbol("unreadable");

/** What is in one place of a request. */
export type Read = string | undefined | typeof UNREADABLE;

/** Without blanks and tabs at the ends (RFC 9110 5.5). Other white space is part of a value. */
export function withoutBlanks(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}

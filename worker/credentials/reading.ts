/** Tells apart a credential that cannot be read from one that is not there. */
export const UNREADABLE = Symbol("unreadable");

/** What is in one place of a request. */
export type Read = string | undefined | typeof UNREADABLE;

/**
 * Without blanks and tabs at the ends (RFC 9110 5.5). Other white space is part of a value. Not by a regular expression: one that
 * looks for the end tries each blank of a long run, which takes seconds.
 */
export function withoutBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** An API key as its secret's line knows it. */
export interface ApiKeyLine {
  /** SHA-256 of the key, base64url without padding. */
  readonly digest: string;
  readonly subject: string;
  readonly scopes: readonly string[];
}

export interface ReadLines {
  readonly keys: readonly ApiKeyLine[];
  /** What is wrong with other lines. Nothing of a line but its number. */
  readonly problems: readonly string[];
}

const DIGEST = /^[\w-]{43}$/;
const SUBJECT = /^[\x21-\x7e]{1,200}$/;
const SCOPE = /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/;

/**
 * Reads the text of a secret: for each key a line with its digest, its name and its scopes, separated by blanks; the scopes by
 * commas. Empty lines, and what follows a `#` at a line's beginning, do not count. A line that cannot be read is left out: then
 * its key does not work, and all others do.
 */
export function readKeyLines(text: string): ReadLines {
  const keys: ApiKeyLine[] = [];
  const problems: string[] = [];
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const [digest = "", subject = "", list = "", ...more] = trimmed.split(/[ \t]+/);
    const scopes = list === "" ? [] : list.split(",");
    if (
      !DIGEST.test(digest) ||
      !SUBJECT.test(subject) ||
      !scopes.every((scope) => SCOPE.test(scope)) ||
      more.length > 0
    ) {
      problems.push(`line ${index + 1} is not "DIGEST NAME SCOPE,SCOPE"`);
    } else if (keys.some((key) => key.digest === digest)) {
      problems.push(`line ${index + 1} has the digest of an earlier line, which counts`);
    } else {
      keys.push({ digest, subject, scopes });
    }
  }
  return { keys, problems };
}

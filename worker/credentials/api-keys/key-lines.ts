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
const NAME = /^[\x21-\x22\x24-\x7e][\x21-\x7e]{0,199}$/;
/** A `scope-token` of RFC 6749 3.3 without comma. */
const SCOPE = /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/;

export function isKeyName(text: string): boolean {
  return NAME.test(text);
}

export function isKeyScope(text: string): boolean {
  return SCOPE.test(text);
}

/** The line of a key. */
export function keyLine({ digest, subject, scopes }: ApiKeyLine): string {
  return [digest, subject, ...(scopes.length === 0 ? [] : [scopes.join(",")])].join(" ");
}

/**
 * Reads the text of a secret: for each key a line with its digest, its name and its scopes, separated by blanks; the scopes by
 * commas. Empty lines, and what follows a `#` at a line's beginning, do not count. A line that cannot be read is left out: then
 * its key does not work, and all others do.
 */
export function readKeyLines(text: string): ReadLines {
  const keys: ApiKeyLine[] = [];
  const problems: string[] = [];
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    const trimmed = line.replace(/^[ \t]+|[ \t]+$/g, "");
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const [digest = "", subject = "", list = "", ...more] = trimmed.split(/[ \t]+/);
    const scopes = list === "" ? [] : list.split(",");
    if (!DIGEST.test(digest) || !isKeyName(subject) || !scopes.every(isKeyScope) || more.length > 0) {
      problems.push(`line ${index + 1} is not "DIGEST NAME SCOPE,SCOPE"`);
    } else if (keys.some((key) => key.digest === digest)) {
      problems.push(`line ${index + 1} has the digest of an earlier line, which counts`);
    } else {
      keys.push({ digest, subject, scopes });
    }
  }
  return { keys, problems };
}

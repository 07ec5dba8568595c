import { CONFIG_LIMITS } from "./configuration-limits.ts";

/**
 * Where a claim is in a token: `role`; `realm_access.roles` for a claim inside another; `["https://example.com/roles"]` for
 * a name that itself has dots; `["https://example.com/app"].roles` for both. Segments are separated by dots. A segment is
 * a plain name, or a JSON string in brackets.
 */

const { maxClaimPathDepth } = CONFIG_LIMITS;

export type ParsedClaimPath =
  | { readonly ok: true; readonly path: readonly string[] }
  | { readonly ok: false; readonly allowed: string };

/** One segment at the current position, and the dot or the end after it. A plain name has no dot, bracket or quote. */
const SEGMENT = /(?:\[("(?:[^"\\]|\\.)*")\]|([^.[\]"]+))(\.|$)/suy;

/** @returns the names from the outermost object inwards */
export function parseClaimPath(text: string): ParsedClaimPath {
  const path: string[] = [];
  let hasSlash = false;
  SEGMENT.lastIndex = 0;
  for (let isLast = false; !isLast; ) {
    const found = SEGMENT.exec(text);
    if (found === null) return refuse(`${ALLOWED}; a name with dots, brackets or quotes needs brackets: ["a.b"]`);
    const [, quoted, plain = "", separator] = found;
    const name = quoted === undefined ? plain : unquoted(quoted);
    if (name === undefined || !isClaimText(name) || plain !== plain.trim()) {
      return refuse(`${ALLOWED}, without control characters, and without blanks at the ends of plain names`);
    }
    hasSlash ||= plain.includes("/");
    path.push(name);
    isLast = separator === "";
  }
  if (path.length > maxClaimPathDepth) return refuse(`${ALLOWED}, at most ${maxClaimPathDepth} names deep`);
  // Dots separate names, so a URL without brackets would be another claim, and its absence would go unnoticed.
  if (hasSlash && path.length > 1) return refuse(`a name with dots in brackets, such as [${JSON.stringify(text)}]`);
  return { ok: true, path };
}

const ALLOWED =
  'a claim ("role"), a path ("realm_access.roles"), or a name with dots in brackets (\'["https://example.com/roles"]\')';

function refuse(allowed: string): ParsedClaimPath {
  return { ok: false, allowed };
}

function unquoted(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
}

/** Text of a name or value that a configuration may compare with: not empty, and the same text for every reader. */
export function isClaimText(text: string): boolean {
  return /^[^\p{Cc}\p{Cs}\ufffd]+$/u.test(text);
}

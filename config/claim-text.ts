/**
 * What a header for the upstream says about a claim. `none`: the header is left out. `unusable`: no header could carry the
 * claim unchanged, so there must be no decision; the upstream would otherwise see another user or another list.
 */
export type ClaimText =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "none" }
  | { readonly kind: "unusable" };

const NONE: ClaimText = { kind: "none" };
const UNUSABLE: ClaimText = { kind: "unusable" };

/** As in the filter, which stores sizes in 16 bits. */
const MAX_HEADER_BYTES = 0xffff;

/**
 * The header of a claim, as parsed JSON. Texts go as they are, numbers and booleans as JSON writes them. Lists of those are
 * joined by commas. Null, empty lists, objects, and lists that hold null, objects or lists leave the header out.
 */
export function textOfClaim(claim: unknown): ClaimText {
  if (!Array.isArray(claim)) return isScalar(claim) ? headerOf([claim]) : NONE;
  if (claim.length === 0 || !claim.every(isScalar)) return NONE;
  // An element with a comma would arrive as two.
  return claim.some((item) => typeof item === "string" && item.includes(",")) ? UNUSABLE : headerOf(claim);
}

type Scalar = string | number | boolean;

function isScalar(claim: unknown): claim is Scalar {
  return typeof claim === "string" || typeof claim === "number" || typeof claim === "boolean";
}

function headerOf(items: readonly Scalar[]): ClaimText {
  if (!items.every(isUsable)) return UNUSABLE;
  const text = items.join(",");
  return new TextEncoder().encode(text).length > MAX_HEADER_BYTES ? UNUSABLE : { kind: "text", text };
}

/** Control characters (C1 too), line separators, lone surrogates, and U+FFFD, which may stand for any unreadable byte. */
const CHANGED_ON_THE_WAY = /[\p{Cc}\p{Cs}\u2028\u2029\ufffd]/u;

/** Whether the upstream must read exactly this text. `trim` removes what any common language's does. */
export function isCarriedUnchanged(text: string): boolean {
  return text === text.trim() && !CHANGED_ON_THE_WAY.test(text);
}

function isUsable(item: Scalar): boolean {
  if (typeof item === "string") return item !== "" && isCarriedUnchanged(item);
  // JSON.parse has rounded larger whole numbers already: 9007199254740993 would arrive as another user's ID.
  return typeof item === "boolean" || Number.isSafeInteger(item) || (Number.isFinite(item) && !Number.isInteger(item));
}

import type { Credential } from "./gateway.ts";

/**
 * The schemes that a 401 names (RFC 9110 11.6.1): those of `Authorization` that are read, or Bearer if none is. Bearer comes
 * first, because some clients read only the first challenge.
 */
export function challengedSchemes(sources: readonly Credential[]): string[] {
  const schemes = sources.flatMap((source) => (source.from === "authorization" ? source.schemes : []));
  const named = [...new Set(schemes)].map((scheme) => scheme.charAt(0).toUpperCase() + scheme.slice(1));
  if (named.length === 0 || named.includes("Bearer")) {
    return ["Bearer", ...named.filter((scheme) => scheme !== "Bearer")];
  }
  return named;
}

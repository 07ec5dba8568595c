/** A `Cache-Control` by which only the client may keep a response (RFC 9111 5.2.2.7). */
export function privately(cacheControl: string | null): string {
  const directives = (cacheControl ?? "").split(",").map((directive) => directive.trim());
  const kept = directives.filter((directive) => directive !== "" && !/^(?:public|private|s-maxage)\b/i.test(directive));
  return ["private", ...kept].join(", ");
}

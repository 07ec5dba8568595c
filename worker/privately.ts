import { isForSharedCaches } from "../config/header-names.ts";
import type { HeaderChange } from "../wasm/host/index.ts";

/**
 * The changes by which only the client may keep a response (RFC 9111 5.2.2.7).
 * @param given the `Cache-Control` that counts in place of the response's
 */
export function privately(headers: Headers, given?: string): HeaderChange[] {
  const directives = (given ?? headers.get("cache-control") ?? "").split(",").map((directive) => directive.trim());
  const kept = directives.filter((directive) => directive !== "" && !/^(?:public|private|s-maxage)\b/i.test(directive));
  const ofShared = [...headers.keys()].filter(isForSharedCaches);
  return [
    { name: "cache-control", values: [["private", ...kept].join(", ")] },
    ...ofShared.map((name) => ({ name, values: [] })),
  ];
}

import type { Credential } from "../../config/index.ts";
import type { HeaderChange } from "../../wasm/host/index.ts";
import { withoutCookies } from "./cookies.ts";
import { withoutTokens } from "./websocket-protocols.ts";

/**
 * What the upstream does not get of the credentials. A request can have one in each configured place, and the first decides. The
 * others are not verified, and the upstream might use one of them.
 *
 * @param header a header of the client's request
 * @param kept the source that decided, if the upstream gets its credential
 */
export function removedCredentials(
  sources: readonly Credential[],
  header: (name: string) => string | null,
  kept: Credential | undefined,
): HeaderChange[] {
  const changes: HeaderChange[] = [];
  const cookies: string[] = [];
  const protocols: string[] = [];
  for (const source of sources) {
    if (source.from === "websocket-protocol") protocols.push(source.name);
    else if (kept !== undefined && isSamePlace(source, kept)) continue;
    else if (source.from === "cookie") cookies.push(source.name);
    else if (source.from === "header") changes.push({ name: source.name, values: [] });
    else if (source.from === "authorization") changes.push({ name: "authorization", values: [] });
  }
  // To read a header is a call into the platform.
  const cookie = cookies.length === 0 ? null : header("cookie");
  if (cookie !== null) {
    const others = withoutCookies(cookie, cookies);
    changes.push({ name: "cookie", values: others === "" ? [] : [others] });
  }
  const left = protocols.length === 0 ? undefined : withoutTokens(header("sec-websocket-protocol"), protocols);
  if (left !== undefined) changes.push({ name: "sec-websocket-protocol", values: left === "" ? [] : [left] });
  return changes;
}

/** Two sources in the same place can differ in the schemes that they accept. */
function isSamePlace(a: Credential, b: Credential): boolean {
  if (a.from !== b.from) return false;
  return !("name" in a && "name" in b) || a.name === b.name;
}

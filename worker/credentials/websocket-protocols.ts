import { type Read, UNREADABLE, withoutBlanks } from "./reading.ts";

/**
 * Pages cannot set headers of a WebSocket, so they send the token as a subprotocol after a name: `bearer, TOKEN` in
 * `Sec-WebSocket-Protocol`.
 */

/** The element after `name`; unreadable if the name is there twice. */
export function tokenAfter(value: string | null, name: string): Read {
  const protocols = protocolsIn(value);
  const at = protocols.indexOf(name);
  if (at < 0) return undefined;
  return protocols.lastIndexOf(name) === at ? protocols[at + 1] : UNREADABLE;
}

/** The list without the element after each of the names; undefined if it has none of them. */
export function withoutTokens(value: string | null, names: readonly string[]): string | undefined {
  const protocols = protocolsIn(value);
  if (!names.some((name) => protocols.includes(name))) return undefined;
  return protocols.filter((_, index) => index === 0 || !names.includes(protocols[index - 1]!)).join(", ");
}

/** The elements of the header (RFC 6455 11.3.4). */
function protocolsIn(value: string | null): string[] {
  return (value ?? "")
    .split(",")
    .map((protocol) => withoutBlanks(protocol))
    .filter((protocol) => protocol !== "");
}

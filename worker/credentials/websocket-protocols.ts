import { type Read, UNREADABLE, withoutBlanks } from "./reading.ts";

/**
 * Pages cannot set headers of a WebSocket, so they send the token as a subprotocol after a name: `bearer, TOKEN` in
 * `Sec-WebSocket-Protocol`.
 */

/** The element after `name`; unreadable if the name is there twice, in any case. */
export function tokenAfter(value: string | null, name: string): Read {
  const protocols = protocolsIn(value);
  const at = protocols.indexOf(name);
  if (at < 0) return undefined;
  return protocols.filter((protocol) => isOneOf(protocol, [name])).length === 1 ? protocols[at + 1] : UNREADABLE;
}

/**
 * The list without the names and the element after each of them; undefined if it has none. With a name left, an upstream that
 * reads tokens so too would take the next element for one.
 */
export function withoutTokens(value: string | null, names: readonly string[]): string | undefined {
  const protocols = protocolsIn(value);
  const isName = protocols.map((protocol) => isOneOf(protocol, names));
  if (!isName.includes(true)) return undefined;
  return protocols.filter((_, index) => !isName[index] && !isName[index - 1]).join(", ");
}

/** In any case: some upstreams ignore it. */
function isOneOf(protocol: string, names: readonly string[]): boolean {
  return names.some((name) => name.toLowerCase() === protocol.toLowerCase());
}

/** The elements of the header (RFC 6455 11.3.4). */
function protocolsIn(value: string | null): string[] {
  return (value ?? "")
    .split(",")
    .map((protocol) => withoutBlanks(protocol))
    .filter((protocol) => protocol !== "");
}

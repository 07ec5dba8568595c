/** The attribute with a client's group, for filters. */
export const CLIENT_GROUP_ATTRIBUTE = "ebb.client_group";

/** Clients without an address, or with one that cannot be read, are one group. */
export const NO_ADDRESS = "none";

/**
 * The unit to which limits apply: an IPv4 address, or the /64 of an IPv6 address, because a client may have any number of
 * addresses in its /64. An IPv4 address mapped to IPv6 (RFC 4291 2.5.5.2) counts as the IPv4 address.
 *
 * @param address as the platform saw it
 */
export function clientGroup(address: string): string {
  if (isIpv4(address)) return address;
  const groups = ipv6Groups(address.toLowerCase());
  if (groups === undefined) return NO_ADDRESS;
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) return [groups[6]! >> 8, groups[6]! & 255, groups[7]! >> 8, groups[7]! & 255].join(".");
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":")}::/64`;
}

function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

/** The eight groups of an IPv6 address, without its zone; undefined if the text is not an address. */
function ipv6Groups(text: string): number[] | undefined {
  const [withoutZone = ""] = text.split("%");
  const halves = withoutZone.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(groupsOf);
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  if (halves.length === 1) return head.length === 8 ? head : undefined;
  const missing = 8 - head.length - tail!.length;
  return missing < 1 ? undefined : [...head, ...new Array<number>(missing).fill(0), ...tail!];
}

function groupsOf(text: string): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1 && isIpv4(part)) {
      const [a, b, c, d] = part.split(".").map(Number);
      groups.push(a! * 256 + b!, c! * 256 + d!);
    } else if (/^[0-9a-f]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}

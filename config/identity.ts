/** A header with one text; or with a list, and what separates its texts: `,` for lists of claims, a blank for `scope`. */
type IdentityHeader = string | { readonly header: string; readonly separator: "," | " " };

/** Undefined, or an empty list, if the gateway has not set the header. */
type IdentityValue<Header> = Header extends string ? string | undefined : readonly string[];

/**
 * Reads who the caller is from the headers that the gateway sets, in an upstream or a handler:
 *
 *     const { user, roles } = identity(request, { user: "x-user", roles: { header: "x-roles", separator: "," } });
 *
 * Only the gateway can set headers that its configuration names (`upstreamHeaders`, `upstreamClaims`, `identityHeaders`). A header
 * that it does not name is the client's own.
 */
export function identity<const Names extends Readonly<Record<string, IdentityHeader>>>(
  { headers }: { readonly headers: { get(name: string): string | null } },
  names: Names,
): { readonly [Name in keyof Names]: IdentityValue<Names[Name]> } {
  const read = (header: IdentityHeader): string | undefined | readonly string[] => {
    if (typeof header === "string") return headers.get(header) ?? undefined;
    const texts = (headers.get(header.header) ?? "").split(header.separator);
    return texts.map((text) => text.trim()).filter((text) => text !== "");
  };
  const values = Object.entries(names).map(([name, header]) => [name, read(header)]);
  return Object.fromEntries(values);
}

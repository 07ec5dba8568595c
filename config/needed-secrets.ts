import type { Gateway } from "./gateway.ts";
import { isPlainObject } from "./schema/fields.ts";

/** Names of the secrets without which some request gets no decision, in order. Excludes the operator's. */
export function neededSecrets({ services, keySecret }: Gateway): string[] {
  const ofServices = services.flatMap(({ filterKind, upstreamAuthorization }) => [
    ...secretsIn([filterKind, upstreamAuthorization]),
    ...(filterKind.kind === "built-in" && filterKind.cache.persist ? [keySecret] : []),
  ]);
  return [...new Set(ofServices)].sort();
}

/** Every object with only a text field `secret`. The schema has limited the depth. */
function secretsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(secretsIn);
  if (!isPlainObject(value)) return [];
  if (typeof value.secret === "string" && Object.keys(value).length === 1) return [value.secret];
  return Object.values(value).flatMap(secretsIn);
}

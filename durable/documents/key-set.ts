import { calculateJwkThumbprint, createLocalJWKSet, type JSONWebKeySet } from "jose";
import { type DocumentIo, KeptDocument } from "./kept-document.ts";

export type FindKey = ReturnType<typeof createLocalJWKSet>;

export type KeyIo = DocumentIo<JSONWebKeySet>;

export interface Keys {
  readonly find: FindKey;
  /** Changes when a key has gone: what it verified is no longer valid. */
  readonly generation: number;
  readonly thumbprints: readonly string[];
}

/** The public keys of an issuer, as this isolate knows them. A token may name one that is missing: then they are fetched again. */
export class KeySet extends KeptDocument<JSONWebKeySet, Keys> {
  /** @param staleKeysMs how long the keys may be used after they could not be fetched again, or after no one asked for that */
  constructor(staleKeysMs: number) {
    super(staleKeysMs, keysIn);
  }
}

async function keysIn(set: JSONWebKeySet, before: Keys | undefined): Promise<Keys> {
  const find = createLocalJWKSet(set);
  const thumbprints = await Promise.all(set.keys.map(thumbprintOf));
  const hasLost = before?.thumbprints.some((thumbprint) => !thumbprints.includes(thumbprint)) ?? false;
  return { find, generation: (before?.generation ?? 0) + (hasLost ? 1 : 0), thumbprints };
}

/** What identifies a key; for one of an unknown kind, all that is known of it. */
function thumbprintOf(key: JSONWebKeySet["keys"][number]): Promise<string> {
  return calculateJwkThumbprint(key).catch(() => JSON.stringify(key));
}

import type { Service } from "../../config/index.ts";
import type { KeptState } from "../kept.ts";
import type { Runtime } from "../runtime.ts";
import { turn } from "../turn.ts";
import { clear, Journal } from "./journal.ts";
import { deriveKeys, LEAST_SECRET_CHARACTERS } from "./keys.ts";
import type { WhyNotPersistent } from "./persistence-stats.ts";

/** What is needed to open what a service has in its object's storage. */
export interface ServiceStorage {
  readonly service: Service;
  readonly storage: DurableObjectStorage;
  readonly kept: KeptState;
  readonly runtime: Runtime;
  /** Of the gateway; undefined where none is set. */
  readonly secret: string | undefined;
}

export interface Opened {
  /** 128-bit key of the cache's digests, hexadecimal. */
  readonly digestKey: string;
  /** Where decisions outlive the object; else why they do not, or undefined where the configuration does not say so. */
  readonly journal: Journal | WhyNotPersistent | undefined;
}

/**
 * The service's keys, and its journal where it is to keep one. A journal of which purges were not told, because the secret or
 * the setting was missing for a while, must never be read again: it is removed.
 */
export async function openStorage({ service, storage, kept, runtime, secret }: ServiceStorage): Promise<Opened> {
  const { filterKind, name } = service;
  const persist = filterKind.kind === "built-in" && filterKind.cache.persist;
  const problem = problemOf(secret);
  if (secret === undefined || problem !== undefined) {
    await clear(storage);
    return { digestKey: kept.digestKey(runtime), journal: persist ? problem : undefined };
  }
  const { digestKey, vault } = await deriveKeys(secret, name);
  if (!persist) {
    await clear(storage);
    return { digestKey, journal: undefined };
  }
  const surroundings = { storage, vault, service: name, nowMs: () => runtime.nowMs(), pause: turn };
  return { digestKey, journal: await Journal.open(surroundings) };
}

function problemOf(secret: string | undefined): WhyNotPersistent | undefined {
  if (secret === undefined) return "secret_missing";
  return secret.length < LEAST_SECRET_CHARACTERS ? "secret_too_short" : undefined;
}

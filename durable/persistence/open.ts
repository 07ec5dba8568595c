import type { Service } from "../../config/index.ts";
import type { KeptState } from "../kept.ts";
import type { Runtime } from "../runtime.ts";
import { turn } from "../turn.ts";
import { Journal } from "./journal.ts";
import { removeJournal } from "./journal-places.ts";
import { deriveKeys, LEAST_SECRET_CHARACTERS } from "./keys.ts";
import type { NotPersistent } from "./persistence-stats.ts";

/** What is needed to open what a service has in its object's storage. */
export interface ServiceStorage {
  readonly service: Service;
  readonly storage: DurableObjectStorage;
  readonly kept: KeptState;
  readonly runtime: Runtime;
  /** Of the gateway: its name, and its value where one is set. */
  readonly keySecret: string;
  readonly secret: string | undefined;
}

export interface Opened {
  /** 128-bit key of the cache's digests, hexadecimal. */
  readonly digestKey: string;
  /** Where decisions outlive the object; else why they do not, or undefined where the configuration does not say so. */
  readonly journal: Journal | NotPersistent | undefined;
}

/**
 * The service's keys, and its journal where it is to keep one. A journal of which purges were not told, because the secret or
 * the setting was missing for a while, must never be read again: it is removed.
 */
export async function openStorage(opening: ServiceStorage): Promise<Opened> {
  const { service, storage, kept, runtime, secret } = opening;
  const { filterKind, name } = service;
  const persist = filterKind.kind === "built-in" && filterKind.cache.persist;
  const problem = problemOf(opening);
  if (secret === undefined || problem !== undefined) {
    await removeJournal(storage);
    const digestKey = kept.digestKey(runtime);
    if (!persist) return { digestKey, journal: undefined };
    console.error(`${name}: decisions are not stored: ${problem?.message}`);
    return { digestKey, journal: problem };
  }
  const { digestKey, vault } = await deriveKeys(secret, name);
  if (!persist) {
    await removeJournal(storage);
    return { digestKey, journal: undefined };
  }
  const surroundings = { storage, vault, service: name, nowMs: () => runtime.nowMs(), pause: turn };
  return { digestKey, journal: await Journal.open(surroundings) };
}

function problemOf({ keySecret, secret }: ServiceStorage): NotPersistent | undefined {
  const setIt = `wrangler secret put ${keySecret}, with ${LEAST_SECRET_CHARACTERS} or more random characters`;
  if (secret === undefined) return { state: "secret_missing", message: `secret ${keySecret} is not set: ${setIt}` };
  if (secret.length >= LEAST_SECRET_CHARACTERS) return undefined;
  return { state: "secret_too_short", message: `secret ${keySecret} has ${secret.length} characters: ${setIt}` };
}

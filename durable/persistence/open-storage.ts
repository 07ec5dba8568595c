import { howToSetSecret } from "../../config/how-to-set-secret.ts";
import type { Service } from "../../config/index.ts";
import { nextTask } from "../runtime/async.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { ServiceStateStore } from "../storage/service-state.ts";
import { Journal } from "./journal.ts";
import { deriveKeys, MIN_SECRET_CHARACTERS } from "./keys.ts";
import type { NotPersistent } from "./persistence-stats.ts";
import { StaleJournal } from "./stale-journal.ts";

/** Dependencies for opening a service's storage. */
export interface ServiceStorage {
  readonly service: Service;
  readonly storage: DurableObjectStorage;
  readonly store: ServiceStateStore;
  readonly runtime: Runtime;
  /** The gateway's secret: its name, and its value if it is set. */
  readonly keySecret: string;
  readonly secret: string | undefined;
  /** Whether secrets come from `.dev.vars`. */
  readonly isDevelopment?: boolean;
}

export interface OpenedStorage {
  /** 128-bit key of the cache's digests, hexadecimal. */
  readonly digestKey: string;
  /** The journal if decisions are persisted; otherwise why not, or undefined if the configuration does not ask for it. */
  readonly journal: Journal | NotPersistent | undefined;
  /** If decisions are not persisted: a journal that may be left from an earlier time. */
  readonly staleJournal?: StaleJournal;
}

/**
 * The service's keys, and its journal if decisions are persisted. If they are not, because the secret or the setting is missing,
 * an earlier journal would miss the purges from now on: it is removed and never read again.
 */
export async function openStorage(opening: ServiceStorage): Promise<OpenedStorage> {
  const { service, storage, store, runtime, secret } = opening;
  const { filterKind, name } = service;
  const persist = filterKind.kind === "built-in" && filterKind.cache.persist;
  const problem = problemOf(opening);
  const withoutJournal = async (digestKey: string): Promise<OpenedStorage> => {
    const staleJournal = new StaleJournal(storage);
    await store.health.attemptAsync("removing stored decisions", () => staleJournal.remove());
    return { digestKey, journal: persist ? problem : undefined, staleJournal };
  };
  if (secret === undefined || problem !== undefined) {
    if (persist) console.error(`${name}: decisions are not stored: ${problem?.message}`);
    return withoutJournal(store.digestKey(runtime));
  }
  const { digestKey, box } = await deriveKeys(secret, name);
  if (!persist) return withoutJournal(digestKey);
  const failed = (what: string, error: unknown) => store.health.failed(what, error);
  const dependencies = { storage, box, service: name, nowMs: () => runtime.nowMs(), pause: nextTask, failed };
  try {
    return { digestKey, journal: await Journal.open(dependencies) };
  } catch (error) {
    store.health.failed("reading stored decisions", error);
    // The journal would miss what this life of the object learns and purges.
    const message =
      "the object's storage fails: decisions are made without it and are not stored in this life of the object";
    return { digestKey, journal: { state: "storage_failing", message }, staleJournal: new StaleJournal(storage) };
  }
}

function problemOf({ keySecret, secret, isDevelopment = false }: ServiceStorage): NotPersistent | undefined {
  const setIt = `${howToSetSecret(keySecret, isDevelopment)}, with ${MIN_SECRET_CHARACTERS} or more random characters`;
  if (secret === undefined) return { state: "secret_missing", message: `secret ${keySecret} is not set: ${setIt}` };
  if (secret.length >= MIN_SECRET_CHARACTERS) return undefined;
  return { state: "secret_too_short", message: `secret ${keySecret} has ${secret.length} characters: ${setIt}` };
}

/** Result of a write to the journal; `cut_off`: the instance ended, or began another export session. */
export type WriteOutcome = "written" | "nothing_new" | "cut_off";

/** `given_up`: it took too long. Every outcome but `restored` removes the journal. */
export type RestoreOutcome = "restored" | "unreadable" | "other_configuration" | "refused" | "given_up";

/** Why decisions are not stored although the configuration asks for it, and how to fix that. */
export interface NotPersistent {
  readonly state: "secret_missing" | "secret_too_short" | "storage_failing";
  readonly message: string;
}

/** State of the persisted decisions. Times in ms since 1970. */
export interface PersistedDecisionsStats {
  readonly storedBytes: number;
  readonly storedRows: number;
  /** Null while nothing is stored. */
  readonly writtenAtMs: number | null;
  readonly lastWrite: WriteOutcome | "failed" | null;
  /** How the restore went in this life of the object; null before the first request, or if nothing was stored. */
  readonly waking: {
    readonly outcome: RestoreOutcome | "no_room" | "failed";
    readonly atMs: number;
    readonly durationMs: number;
  } | null;
}

export type PersistenceStats = ({ readonly state: "on" } & PersistedDecisionsStats) | NotPersistent;

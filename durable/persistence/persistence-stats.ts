/** What a write to the journal came to; `cut_off`: the instance ended, or had somebody else to tell. */
export type WriteOutcome = "written" | "nothing_new" | "cut_off";

/** `given_up`: it took too long. All but `restored` remove what is stored. */
export type RestoreOutcome = "restored" | "unreadable" | "other_configuration" | "refused" | "given_up";

/** Why decisions are not stored although the configuration says so, and how to mend that. */
export interface NotPersistent {
  readonly state: "secret_missing" | "secret_too_short" | "storage_failing";
  readonly message: string;
}

/** How decisions outlive their object. Times in ms since 1970. */
export interface KeptDecisionsStats {
  readonly storedBytes: number;
  readonly storedRows: number;
  /** Null while nothing is stored. */
  readonly writtenAtMs: number | null;
  readonly lastWrite: WriteOutcome | "failed" | null;
  /** How this life of the object began; null while it was not asked, or where nothing was stored. */
  readonly waking: {
    readonly outcome: RestoreOutcome | "no_room" | "failed";
    readonly atMs: number;
    readonly durationMs: number;
  } | null;
}

export type PersistenceStats = ({ readonly state: "on" } & KeptDecisionsStats) | NotPersistent;

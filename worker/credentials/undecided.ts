/** 503: it could not be found out. */
export interface Undecided {
  readonly kind: "undecided";
  readonly reason: "keys_unavailable" | "secret_missing" | "claim_unusable";
  /** For the log. */
  readonly message: string;
}

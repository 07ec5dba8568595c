import type { Env } from "../../durable/environment.ts";
import type { Identity } from "./identity.ts";
import type { Undecided } from "./undecided.ts";

/** What a verification needs of the request that it is for. */
export interface VerifierIo {
  readonly env: Env;
  nowMs(): number;
  /** Lets work go on after the request's end. */
  waitUntil(work: Promise<unknown>): void;
}

/** Finds out what a credential proves. Never rejects. */
export type Verify = (text: string, io: VerifierIo) => Promise<Verdict>;

export type Verdict = Verified | Invalid | Undecided;

export interface Verified {
  readonly kind: "verified";
  readonly identity: Identity;
  /** Time until the credential ends, in ms. */
  readonly endsInMs: number;
  /** False once what proved it, such as a key, has gone. */
  isStillProved(io: VerifierIo): boolean;
}

/** 401: the credential proves nothing. */
export interface Invalid {
  readonly kind: "invalid";
  readonly reason: InvalidReason;
}

export type InvalidReason =
  | "missing_credential"
  | "malformed_credential"
  /** Signature, key, algorithm or `exp` are not as they must be. */
  | "token_invalid"
  | "token_expired"
  | "token_not_yet_valid"
  /** Of another issuer, for another audience or client, or of another type. */
  | "token_unexpected"
  | "key_unknown";

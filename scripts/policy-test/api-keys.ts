import { randomBytes } from "node:crypto";
import { newKey } from "../../worker/credentials/api-keys/key-format.ts";
import type { User } from "./policy-file.ts";

interface MadeUpKey {
  readonly key: string;
  readonly subject: string;
  readonly scopes: readonly string[];
}

/** A key for each user: a text, and the fingerprint of a certificate. The gateway does not know the keys of refused users. */
export class ApiKeys {
  readonly all: readonly MadeUpKey[];
  readonly #texts = new Map<string, string>();
  readonly #fingerprints = new Map<string, string>();

  constructor(users: Readonly<Record<string, User>>) {
    const known: MadeUpKey[] = [];
    for (const [name, user] of Object.entries(users)) {
      const text = newKey(randomBytes(16));
      const fingerprint = randomBytes(32).toString("hex");
      this.#texts.set(name, text);
      this.#fingerprints.set(name, fingerprint);
      if (user.refusedWith !== undefined) continue;
      for (const key of [text, fingerprint]) known.push({ key, subject: name, scopes: user.scopes });
    }
    this.all = known;
  }

  textOf(user: string): string {
    return this.#texts.get(user)!;
  }

  fingerprintOf(user: string): string {
    return this.#fingerprints.get(user)!;
  }
}

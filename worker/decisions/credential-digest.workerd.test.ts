import { expect, it } from "vitest";
import type { Env } from "../../durable/environment.ts";
import { deriveKeys } from "../../durable/persistence/keys.ts";
import { hex } from "../../durable/runtime/runtime.ts";
import { CredentialDigest } from "./credential-digest.ts";

const SECRET = "a secret of the tests, which are no secret";
const env = (secret?: string) => ({ EBB_KEY: secret }) as unknown as Env;
const digestOf = (text: string, secret?: string) => new CredentialDigest("EBB_KEY").of(text, env(secret));

it("a digest is the same in all isolates", async () => {
  const digest = await digestOf("token", SECRET);
  expect(digest).toMatch(/^[0-9a-f]{16}$/);
  expect(await digestOf("token", SECRET)).toBe(digest);
  expect(await digestOf("token2", SECRET)).not.toBe(digest);
});

it("a digest changes with the secret, also within an isolate", async () => {
  const digests = new CredentialDigest("EBB_KEY");
  const one = await digests.of("token", env(SECRET));
  const other = await digests.of("token", env(`${SECRET}!`));
  expect(other).not.toBe(one);
  expect(await digests.of("token", env(SECRET))).toBe(one);
});

it("there is no digest without a secret that nobody can guess", async () => {
  expect(await digestOf("token")).toBeNull();
  expect(await digestOf("token", "")).toBeNull();
  expect(await digestOf("token", "short")).toBeNull();
});

it("is by a key that no service has", async () => {
  const { digestKey } = await deriveKeys(SECRET, "orders");
  const signed = async (key: Uint8Array) => {
    const hmac = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    return hex(new Uint8Array(await crypto.subtle.sign("HMAC", hmac, new TextEncoder().encode("token"))));
  };
  const digest = await digestOf("token", SECRET);
  const keyBytes = Uint8Array.from(digestKey.match(/../g)!, (pair) => Number.parseInt(pair, 16));
  for (const key of [keyBytes, new TextEncoder().encode(SECRET), new TextEncoder().encode(digestKey)]) {
    expect((await signed(key)).slice(0, 16)).not.toBe(digest);
  }
});

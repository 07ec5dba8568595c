import { describe, expect, it } from "vitest";
import { deriveKeys } from "./keys.ts";

const SECRET = "a secret that is long enough for tests";
const bytes = new TextEncoder().encode("x-user: ann");

describe("keys derived from the gateway's secret", () => {
  it("are the same in every life, and others for another service or secret", async () => {
    const digestKeys = await Promise.all([
      deriveKeys(SECRET, "orders"),
      deriveKeys(SECRET, "orders"),
      deriveKeys(SECRET, "invoices"),
      deriveKeys(`${SECRET}!`, "orders"),
    ]).then((all) => all.map(({ digestKey }) => digestKey));
    expect(digestKeys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(digestKeys[1]).toBe(digestKeys[0]);
    expect(new Set(digestKeys).size).toBe(3);
  });
});

describe("the vault", () => {
  it("opens what it sealed, in its place alone", async () => {
    const { vault } = await deriveKeys(SECRET, "orders");
    const sealed = await vault.seal(bytes, "row 1");
    expect(await vault.open(sealed, "row 1")).toEqual(bytes);
    expect(await vault.open(sealed, "row 2")).toBeUndefined();
  });

  it("never seals twice to the same bytes, nor lets the text show", async () => {
    const { vault } = await deriveKeys(SECRET, "orders");
    const [one, other] = [await vault.seal(bytes, ""), await vault.seal(bytes, "")];
    expect(one).not.toEqual(other);
    expect(new TextDecoder("latin1").decode(one)).not.toContain("ann");
  });

  it("opens nothing of another service or secret, nothing that was changed by a bit, and nothing that is no bytes", async () => {
    const { vault } = await deriveKeys(SECRET, "orders");
    const sealed = await vault.seal(bytes, "");
    for (const other of [await deriveKeys(SECRET, "invoices"), await deriveKeys(`${SECRET}!`, "orders")]) {
      expect(await other.vault.open(sealed, "")).toBeUndefined();
    }
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = sealed.slice();
      changed[at]! ^= 1;
      expect(await vault.open(changed, "")).toBeUndefined();
    }
    for (const none of [
      undefined,
      null,
      "text",
      5,
      {},
      new Uint8Array(0),
      sealed.subarray(0, 20),
      new ArrayBuffer(40),
    ]) {
      expect(await vault.open(none, "")).toBeUndefined();
    }
  });
});

import { describe, expect, it } from "vitest";
import { deriveKeys } from "./keys.ts";

const SECRET = "a secret that is long enough for tests";
const bytes = new TextEncoder().encode("x-user: ann");

describe("keys derived from the gateway's secret", () => {
  it("are the same in every life, and different for another service or secret", async () => {
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

describe("the box", () => {
  it("opens what it sealed, and only in its place", async () => {
    const { box } = await deriveKeys(SECRET, "orders");
    const sealed = await box.seal(bytes, "row 1");
    expect(await box.open(sealed, "row 1")).toEqual(bytes);
    expect(await box.open(sealed, "row 2")).toBeUndefined();
  });

  it("never seals to the same bytes twice, and hides the text", async () => {
    const { box } = await deriveKeys(SECRET, "orders");
    const [one, other] = [await box.seal(bytes, ""), await box.seal(bytes, "")];
    expect(one).not.toEqual(other);
    expect(new TextDecoder("latin1").decode(one)).not.toContain("ann");
  });

  it("opens nothing from another service or secret, nothing with a changed bit, and nothing that is not bytes", async () => {
    const { box } = await deriveKeys(SECRET, "orders");
    const sealed = await box.seal(bytes, "");
    for (const other of [await deriveKeys(SECRET, "invoices"), await deriveKeys(`${SECRET}!`, "orders")]) {
      expect(await other.box.open(sealed, "")).toBeUndefined();
    }
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = sealed.slice();
      changed[at]! ^= 1;
      expect(await box.open(changed, "")).toBeUndefined();
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
      expect(await box.open(none, "")).toBeUndefined();
    }
  });
});

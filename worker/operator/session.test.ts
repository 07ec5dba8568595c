import { describe, expect, it } from "vitest";
import type { OperatorToken } from "../../config/operator-tokens.ts";
import { SESSION_SECONDS, sessionCookie, tokenOfSession } from "./session.ts";

const HOST = "ops.example.com";
const ALL: OperatorToken = { secret: "OPERATOR_TOKEN", value: "opens-all-services", services: "all" };
const ORDERS: OperatorToken = { secret: "ORDERS_TOKEN", value: "opens-the-orders-only", services: ["orders"] };

/** The `Cookie` header with a session that began at 0. */
async function begun(token: OperatorToken): Promise<string> {
  return (await sessionCookie(token, HOST, 0)).split(";")[0]!;
}

describe("a session", () => {
  it("lasts an hour, to the millisecond", async () => {
    const cookie = await begun(ALL);
    const endMs = SESSION_SECONDS * 1_000;
    expect(endMs).toBe(3_600_000);
    expect(await tokenOfSession(cookie, [ALL], HOST, 0)).toBe(ALL);
    expect(await tokenOfSession(cookie, [ALL], HOST, endMs - 1)).toBe(ALL);
    expect(await tokenOfSession(cookie, [ALL], HOST, endMs)).toBeUndefined();
  });

  it("stands for the token that opened it, whatever others there are", async () => {
    expect(await tokenOfSession(await begun(ORDERS), [ALL, ORDERS], HOST, 1)).toBe(ORDERS);
    expect(await tokenOfSession(await begun(ALL), [ORDERS, ALL], HOST, 1)).toBe(ALL);
    expect(await tokenOfSession(await begun(ORDERS), [ALL], HOST, 1)).toBeUndefined();
  });

  it("ends with its token: a new value under the same name opens nothing for it", async () => {
    const renewed = { ...ALL, value: `${ALL.value}-2` };
    expect(await tokenOfSession(await begun(ALL), [renewed], HOST, 1)).toBeUndefined();
  });

  it("may less at once if its token may", async () => {
    const limited: OperatorToken = { ...ALL, services: ["orders"] };
    expect((await tokenOfSession(await begun(ALL), [limited], HOST, 1))?.services).toEqual(["orders"]);
  });

  it("holds neither the token nor anything that two sessions share, but name and time", async () => {
    const [one, two] = [await begun(ALL), await begun(ALL)];
    expect(one).not.toContain(ALL.value);
    const [first, second] = [one.split("."), two.split(".")];
    expect(first.slice(0, 2)).toEqual(second.slice(0, 2));
    expect(first[2]).not.toBe(second[2]);
    expect(first[3]).not.toBe(second[3]);
  });

  it("counts on its own host only", async () => {
    expect(await tokenOfSession(await begun(ALL), [ALL], "api.example.com", 1)).toBeUndefined();
  });

  it.each(["", "a=1", "__Host-ebb-operator", "__Host-ebb-operator=", "__Host-ebb-operator=...", ";;;", "\ufffd"])(
    "is not in the header %j",
    async (cookies) => {
      expect(await tokenOfSession(cookies, [ALL], HOST, 1)).toBeUndefined();
    },
  );
});

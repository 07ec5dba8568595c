import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { mayBeKey } from "../worker/credentials/api-keys/key-format.ts";
import { readKeyLines } from "../worker/credentials/api-keys/key-lines.ts";
import { runApiKeyCommand } from "./api-key.ts";

const run = (args: string[], key = "") => runApiKeyCommand(args, async () => key);
const digest = (key: string) => createHash("sha256").update(key).digest("base64url");

describe("npm run api-key", () => {
  it("makes a key and the line by which the gateway knows it", async () => {
    const { ok, report = "" } = await run(["create", "partner", "--scopes", "orders:read,orders:write"]);
    const [, key = "", , , line = ""] = report.split("\n");
    expect(ok).toBe(true);
    expect(key).toMatch(/^ebb_[0-9A-Za-z]{28}$/);
    expect(mayBeKey(key)).toBe(true);
    expect(readKeyLines(line)).toEqual({
      keys: [{ digest: digest(key), subject: "partner", scopes: ["orders:read", "orders:write"] }],
      problems: [],
    });
    expect((await run(["create", "partner"])).report).not.toContain(key);
  });

  it("makes the line of a key that exists", async () => {
    expect(await run(["line", "old"], "an-old-key-of-ours\n")).toEqual({
      ok: true,
      report: `${digest("an-old-key-of-ours")} old`,
    });
  });

  it.each(["", "short", "a key with blanks in it", "two-keys-in-lines\ntwo-keys-in-lines\n", `${"x".repeat(1_001)}`])(
    "makes no line of %j",
    async (key) => {
      expect(await run(["line", "old"], key)).toMatchObject({ ok: false });
    },
  );

  it.each([
    [[], "no command"],
    [["make", "a"], '"make"'],
    [["create"], "one NAME"],
    [["create", "a", "b"], "one NAME"],
    [["create", "#a"], "name"],
    [["create", "a b"], "name"],
    [["create", "a\nb"], "name"],
    [["create", "a", "--scopes", "a,,b"], "scope"],
    [["create", "a", "--scopes", 'a"b'], "scope"],
    [["create", "a", "--scope", "a"], "--scope"],
  ])("refuses %j and says why", async (args, why) => {
    const { ok, complaint } = await run(args);
    expect(ok).toBe(false);
    expect(complaint).toContain(why);
  });
});

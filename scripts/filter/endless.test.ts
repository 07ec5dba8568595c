import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runFilterCommand } from "../filter.ts";
import { GUEST_LIMIT } from "../time-limit.ts";
import { FilterFiles } from "./testing/filter-files.setup.ts";

const files = new FilterFiles();
const { ms: usualMs } = GUEST_LIMIT;
beforeAll(() => {
  GUEST_LIMIT.ms = 500;
  // Node loads them when they are first used, which must not count as the filter's time.
  void new Headers();
});
afterAll(() => {
  GUEST_LIMIT.ms = usualMs;
  return files.remove();
});

const spinning = (callback: string, parameters: string): string =>
  `(func (export "${callback}") (param ${parameters}) (result i32) (loop $again (br $again)) (unreachable))`;

/** Calls the cluster `keys` in `on_configure`; `reply` runs at each reply. */
const calling = (reply: string) => ({
  imports: `(import "env" "proxy_http_call"
    (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))`,
  body: `
    (global $replies (mut i32) (i32.const 0))
    (data (i32.const 0) "keys")
    (data (i32.const 64) "\\03\\00\\00\\00\\07\\00\\00\\00\\03\\00\\00\\00\\05\\00\\00\\00\\02\\00\\00\\00\\0a\\00\\00\\00\\04\\00\\00\\00")
    (data (i32.const 92) ":method\\00GET\\00:path\\00/k\\00:authority\\00keys\\00")
    (func $ask (drop (call $call (i32.const 0) (i32.const 4) (i32.const 64) (i32.const 65) (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0) (i32.const 5000) (i32.const 512))))
    (func (export "proxy_on_configure") (param i32 i32) (result i32) (call $ask) (i32.const 1))
    (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
      (global.set $replies (i32.const 1)) ${reply})
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (if (global.get $replies) (then (return (i32.const 0))))
      (i32.const 1))`,
});

const keys = (delayMs: number) => ["--replies", files.json(`keys-${delayMs}.json`, [{ cluster: "keys", delayMs }])];

describe("a filter that loops", () => {
  it.each(["inspect", "try"])("at its start is refused by %s", async (command) => {
    const file = files.guest("spins-at-start.wasm", { body: spinning("proxy_on_configure", "i32 i32") });
    expect(await runFilterCommand([command, file])).toEqual({
      ok: false,
      complaint: expect.stringContaining("refused: its start took longer than 0.5 s (start_too_long)"),
    });
  });

  it.each(["inspect", "try"])("in a request ends %s", async (command) => {
    const file = files.guest("spins.wasm", { body: spinning("proxy_on_request_headers", "i32 i32 i32") });
    const complaint = "A request took longer than 0.5 s in the filter.";
    expect(await runFilterCommand([command, file])).toEqual({ ok: false, complaint });
  });
});

describe("a filter that calls its server again at each reply", () => {
  it.each(["inspect", "try"])("does not hold up %s, and its calls are not all listed", async (command) => {
    const file = files.guest("calls-for-ever.wasm", calling("(call $ask)"));
    const { ok, report } = await runFilterCommand([command, file, ...keys(0)]);
    expect(ok).toBe(true);
    expect(report).toMatch(/^WARNING +1 call of the start had no reply after 2 s: requests go on without$/m);
    expect(report?.match(/call keys: GET/g)?.length).toBeLessThan(100);
    expect(report).toMatch(/… and \d+ calls more/);
  });
});

describe("the calls of a start", () => {
  it("are waited for as long as in the gateway", async () => {
    const file = files.guest("asks-once.wasm", calling(""));
    const inTime = await runFilterCommand(["try", file, ...keys(1_900)]);
    expect(inTime).toMatchObject({ ok: true, report: expect.not.stringContaining("WARNING") });
    const late = await runFilterCommand(["try", file, ...keys(2_100)]);
    expect(late.report).toMatch(/^WARNING +1 call of the start had no reply after 2 s/m);
    expect(late).toMatchObject({ ok: false, report: expect.stringContaining("NONE: the filter still waits") });
  });
});

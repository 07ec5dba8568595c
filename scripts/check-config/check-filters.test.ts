import { afterAll, describe, expect, it } from "vitest";
import { buildForConfig } from "../build.ts";
import { builtInFilterFile } from "../built-in-filter.ts";
import { checkConfig, runCheckConfigCommand } from "../check-config.ts";
import { FilterFiles, type GuestParts } from "../filter/testing/filter-files.setup.ts";

const files = new FilterFiles();
afterAll(() => files.remove());

let guests = 0;

/** A configuration with one service, whose filter is this guest. */
function configWith(parts: GuestParts, fields = 'configuration: "its configuration"'): string {
  guests += 1;
  files.guest(`guest-${guests}.wasm`, { maximumPages: 16, ...parts });
  return files.write(
    `gateway-${guests}.config.ts`,
    `import filter from "./guest-${guests}.wasm"; export default { services: { orders: {
      route: { prefix: "/orders" }, upstream: { url: "https://orders.example" }, filter, ${fields} } } };`,
  );
}

const LOG = `(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))`;
const GET = `(import "env" "proxy_get_property" (func $get (param i32 i32 i32 i32) (result i32)))`;
const CALL = `(import "env" "proxy_http_call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))`;
const READ = `(import "env" "proxy_get_buffer_bytes" (func $read (param i32 i32 i32 i32 i32) (result i32)))`;
const onConfigure = (body: string): string =>
  `(func (export "proxy_on_configure") (param i32 i32) (result i32) ${body})`;
/** Calls the cluster at 16, with a head of `:method`, `:path` and `:authority`. */
const CALL_AUTH = `(drop (call $call (i32.const 16) (i32.const 4) (i32.const 32) (i32.const 63)
  (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 0)))`;
const pair = (name: string, value: string): string => `${name}\\00${value}\\00`;
const size = (bytes: number): string => `\\${bytes.toString(16).padStart(2, "0")}\\00\\00\\00`;
const HEAD =
  size(3) +
  [7, 3, 5, 1, 10, 1].map(size).join("") +
  pair(":method", "GET") +
  pair(":path", "/") +
  pair(":authority", "a");
const CALL_DATA = `(data (i32.const 16) "auth") (data (i32.const 32) "${HEAD}")`;

describe("check-config starts each filter, and says why one is of no use", () => {
  it("if it traps", async () => {
    const { ok, text } = await checkConfig(configWith({ body: onConfigure("unreachable") }));
    expect(ok).toBe(false);
    expect(text).toMatch(
      /services\.orders\.filter: found .*guest-\d+\.wasm, which does not start: .*unreachable.*\(trap_at_start\); allowed: .*--no-trial/,
    );
    expect(text).toMatch(/orders: the last lines of its filter's log:\n {2}critical: .*unreachable/);
  });

  it("if it refuses its configuration, with what it says about it", async () => {
    const refuses = configWith({
      imports: LOG,
      body: `(data (i32.const 16) "no issuer") ${onConfigure("(drop (call $log (i32.const 4) (i32.const 16) (i32.const 9))) (i32.const 0)")}`,
    });
    const { ok, text } = await checkConfig(refuses);
    expect(ok).toBe(false);
    expect(text).toMatch(/proxy_on_configure returned false.*\(configure_refused\)/);
    expect(text.split("\n").slice(-3)).toEqual([
      "orders: the last lines of its filter's log:",
      "  error: no issuer",
      "1 problem",
    ]);
    await expect(buildForConfig(refuses)).rejects.toThrow(/configure_refused.*error: no issuer/s);
  });

  it("if it traps in its first tick", async () => {
    const { text } = await checkConfig(
      configWith({
        imports: `(import "env" "proxy_set_tick_period_milliseconds" (func $every (param i32) (result i32)))`,
        body: `${onConfigure("(drop (call $every (i32.const 100))) (i32.const 1)")}
          (func (export "proxy_on_tick") (param i32) unreachable)`,
      }),
    );
    expect(text).toMatch(/which fails in its first tick: .*unreachable/);
  });

  it("if it is no Proxy-Wasm filter", async () => {
    expect((await checkConfig(configWith({ abi: "" }))).text).toMatch(/\(no_abi_version\)/);
  });

  describe("if it finds nothing under its root ID", () => {
    const asks = `(data (i32.const 16) "plugin_root_id")
      (func (export "proxy_on_context_create") (param i32 i32)
        (drop (call $get (i32.const 16) (i32.const 14) (i32.const 0) (i32.const 4))))`;

    it("so that nothing would be done for any request", async () => {
      const { ok, text } = await checkConfig(
        configWith({ imports: GET, body: `${asks} (func (export "_start"))` }, 'configuration: "", rootId: "wrong"'),
      );
      expect(ok).toBe(false);
      expect(text).toMatch(/which has nothing under its root ID "wrong", and would let every request pass: set rootId/);
    });

    it("or has no initialiser that would register it", async () => {
      const initialised = configWith({ imports: GET, body: `${asks} (func (export "_initialize"))` });
      expect((await checkConfig(initialised)).text).toMatch(/root ID "", .*: set rootId to the name/);
      const { text } = await checkConfig(configWith({ imports: GET, body: asks }));
      expect(text).toMatch(/root ID "", .*: it has no initialiser \(_initialize or _start\), which would register it/);
    });

    it.each([
      [
        "which a filter that works on requests only does not",
        `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (drop (call $log (i32.const 2) (i32.const 16) (i32.const 4))) (i32.const 0))`,
      ],
      [
        "nor one that works on responses only",
        `(func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
          (drop (call $log (i32.const 2) (i32.const 16) (i32.const 4))) (i32.const 0))`,
      ],
      [
        "nor one that only holds requests back",
        `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 1))`,
      ],
    ])("%s", async (_, works) => {
      expect(await checkConfig(configWith({ imports: GET + LOG, body: asks + works }))).toMatchObject({ ok: true });
    });

    it("but not if it does not ask for it: a filter may do nothing", async () => {
      expect(await checkConfig(configWith({}))).toMatchObject({ ok: true, warnings: [] });
    });
  });

  it("but not with --no-trial", async () => {
    const traps = configWith({ body: onConfigure("unreachable") });
    expect(await runCheckConfigCommand([traps, "--no-trial"])).toMatchObject({ ok: true });
    expect(await runCheckConfigCommand([traps])).toMatchObject({ ok: false });
    await expect(buildForConfig(traps, { trial: false })).resolves.toEqual([]);
  });

  it("and the built-in filter starts as well", async () => {
    const file = files.write(
      "built-in.config.ts",
      `import filter from ${JSON.stringify(builtInFilterFile)}; export default { services: { orders: {
        route: { prefix: "/orders" }, upstream: { url: "https://orders.example" }, filter,
        authorization: { protocol: "introspection", cluster: "auth", path: "/introspect", expect: { audience: "orders" },
          clientAuthentication: { type: "basic", id: "me", secret: { secret: "CLIENT_SECRET" } } },
        clusters: { auth: { url: "https://auth.example" } } } } };`,
    );
    const { text, ...rest } = await checkConfig(file);
    expect(rest, text).toEqual({ ok: true, warnings: [] });
  });
});

describe("the trial start has no network", () => {
  it("a filter that waits for a reply has started", async () => {
    const waits = { imports: CALL, body: `${CALL_DATA} ${onConfigure(`${CALL_AUTH} (i32.const 1)`)}` };
    const clusters = 'configuration: "", clusters: { auth: { url: "https://auth.example" } }';
    expect(await checkConfig(configWith(waits, clusters))).toMatchObject({ ok: true, warnings: [] });
  });

  it("and a cluster that the configuration lacks is a warning, in the build too", async () => {
    const calls = configWith({ imports: CALL, body: `${CALL_DATA} ${onConfigure(`${CALL_AUTH} (i32.const 1)`)}` });
    const warning = expect.stringMatching(/^warning: clusters: orders: its filter calls "auth" when it starts/);
    const verdict = await checkConfig(calls);
    expect(verdict).toMatchObject({ ok: true, warnings: [warning] });
    expect(verdict.text.split("\n").at(-1)).toEqual(warning);
    expect(await buildForConfig(calls)).toEqual([warning]);
  });
});

it("gRPC imports are a warning, with and without a trial start", async () => {
  const grpc = configWith({
    imports: `(import "env" "proxy_grpc_call" (func (param i32) (result i32)))
      (import "env" "proxy_grpc_send" (func (param i32) (result i32)))`,
  });
  for (const trial of [true, false]) {
    expect(await checkConfig(grpc, { trial })).toMatchObject({
      ok: true,
      warnings: [
        expect.stringMatching(/^warning: gRPC: orders: its filter imports proxy_grpc_call, proxy_grpc_send, /),
      ],
    });
  }
});

it("functions that no gateway of this version has are a warning", async () => {
  const secret = configWith({ imports: '(import "env" "proxy_get_secret" (func (param i32) (result i32)))' });
  expect(await checkConfig(secret)).toMatchObject({
    ok: true,
    warnings: [expect.stringMatching(/^warning: functions: orders: its filter imports env\.proxy_get_secret, which /)],
  });
});

describe("secrets", () => {
  /** Logs its configuration, and refuses it. */
  const tells = {
    imports: READ + LOG,
    body: onConfigure(`(drop (call $read (i32.const 7) (i32.const 0) (local.get 1) (i32.const 0) (i32.const 4)))
      (drop (call $log (i32.const 2) (i32.load (i32.const 0)) (i32.load (i32.const 4)))) (i32.const 0)`),
  };
  const withSecret = 'configuration: { key: { secret: "TRIAL_KEY" } }';

  it("that are not set get a placeholder and a warning", async () => {
    expect(await checkConfig(configWith({}, withSecret))).toMatchObject({
      ok: true,
      warnings: [expect.stringMatching(/^warning: secrets: orders: TRIAL_KEY is neither in \.dev\.vars/)],
    });
    const { text } = await checkConfig(configWith(tells, withSecret));
    expect(text).toMatch(/it was started with placeholders for the secrets TRIAL_KEY, which \.dev\.vars or/);
    expect(text).toContain('{"key":"placeholder-of-secret-TRIAL_KEY"}');
  });

  it("that .dev.vars has are used, and never shown", async () => {
    const config = configWith(tells, withSecret);
    files.write(".dev.vars", "TRIAL_KEY=very-secret\n");
    const { text } = await checkConfig(config);
    files.write(".dev.vars", "");
    expect(text).toContain('info: {"key":"(secret TRIAL_KEY)"}');
    expect(text).not.toContain("very-secret");
    expect(text).not.toContain("placeholder");
  });

  it("are not shown either if they have lines or quotes", async () => {
    files.write(".dev.vars", `TRIAL_KEY='first line\nthe "second" line\n'`);
    const asJson = await checkConfig(configWith(tells, withSecret));
    const asText = await checkConfig(configWith(tells, 'configuration: { secret: "TRIAL_KEY" }'));
    files.write(".dev.vars", "");
    expect(asJson.text).toContain('info: {"key":"(secret TRIAL_KEY)"}');
    expect(asText.text).toMatch(/^ {2}info: \(secret TRIAL_KEY\)\n {2}info: \(secret TRIAL_KEY\)$/m);
    for (const { text } of [asJson, asText]) expect(text).not.toMatch(/first|second/);
  });
});

import { describe, expect, it } from "vitest";
import { FilterInstance, type HttpStream } from "./index.ts";
import { FakeServices, OK_REPLY, START } from "./testing/fake-services.setup.ts";
import { bytes, exchange, onBody, onHeaders, onTrailers, REQUEST, RESPONSE } from "./testing/scenes.setup.ts";
import { guest, HOST_SIGNATURES, moduleOf, WASI_SIGNATURES } from "./testing/wat-guest.setup.ts";

/**
 * A guest that calls every host function, from every callback, with random arguments: small numbers, ids, sizes, addresses
 * of valid texts, and addresses at the edges of its memory and of 32 bits. It traps if a result is not a valid status. Its
 * state is in globals, which the host cannot write.
 */
const SIGNATURES = { ...HOST_SIGNATURES, ...WASI_SIGNATURES };
/** The largest status of the ABI, and the largest errno of WASI. */
const LARGEST_STATUS = 12;
const LARGEST_ERRNO = 76;
const CALLS_PER_REQUEST = 200;
const REQUESTS = 15;

/** Pauses at random, at every stage. */
const ATTACK = "(call $attack) (i32.and (call $random) (i32.const 3))";

const hostile = (seed: number): WebAssembly.Module =>
  guest(
    ($) => `
    ;; The first text begins at 1024.
    (func $texts (param i32 i32) (call $texts ${$("auth\0:path")}))
    (global $state (mut i32) (i32.const ${seed}))
    (func $random (result i32)
      (global.set $state (i32.xor (global.get $state) (i32.shl (global.get $state) (i32.const 13))))
      (global.set $state (i32.xor (global.get $state) (i32.shr_u (global.get $state) (i32.const 17))))
      (global.set $state (i32.xor (global.get $state) (i32.shl (global.get $state) (i32.const 5))))
      (global.get $state))
    (func $argument (result i32)
      (local $kind i32)
      (local.set $kind (i32.and (call $random) (i32.const 15)))
      (if (i32.lt_u (local.get $kind) (i32.const 5)) (then (return (i32.and (call $random) (i32.const 15)))))
      (if (i32.lt_u (local.get $kind) (i32.const 9)) (then (return (i32.and (call $random) (i32.const 0xffff)))))
      (if (i32.lt_u (local.get $kind) (i32.const 11))
        (then (return (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.and (call $random) (i32.const 7))))))
      (if (i32.lt_u (local.get $kind) (i32.const 13)) (then (return (i32.sub (i32.const 0) (i32.and (call $random) (i32.const 15))))))
      (if (i32.eq (local.get $kind) (i32.const 13)) (then (return (i32.const 0x80000000))))
      (if (i32.eq (local.get $kind) (i32.const 14)) (then (return (i32.const 1024))))
      (call $random))
    (func $check (param $status i32) (param $largest i32)
      (if (i32.gt_u (local.get $status) (local.get $largest)) (then (unreachable))))
    (func $attack (local $left i32) (local $choice i32)
      (local.set $left (i32.const ${CALLS_PER_REQUEST}))
      (loop $again
        ;; The allocator starts over now and then, or the memory would be its only victim.
        (global.set $heap (i32.const 32768))
        (local.set $choice (i32.rem_u (call $random) (i32.const ${Object.keys(SIGNATURES).length})))
        ${Object.entries(SIGNATURES)
          .map(([name, parameters], index) => {
            const args = [...parameters].map((kind) =>
              kind === "I"
                ? "(i64.mul (i64.extend_i32_s (call $argument)) (i64.extend_i32_s (call $argument)))"
                : "(call $argument)",
            );
            const largest = name.startsWith("proxy_") ? LARGEST_STATUS : LARGEST_ERRNO;
            return `(if (i32.eq (local.get $choice) (i32.const ${index}))
              (then (call $check (call $${name} ${args.join(" ")}) (i32.const ${largest}))))`;
          })
          .join("\n")}
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $again (local.get $left))))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      ${ATTACK})
    ${(["request", "response"] as const)
      .flatMap((message) => [onBody, onTrailers].map((callback) => callback(message, ATTACK)))
      .join("\n")}
    ${onHeaders("response", ATTACK)}
    (func (export "proxy_on_queue_ready") (param i32 i32) (call $attack))
    (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32) (call $attack))
    (func (export "proxy_on_tick") (param i32) (call $attack))
    (func (export "proxy_on_done") (param i32) (result i32) (call $attack) (i32.and (call $random) (i32.const 1)))
    (func (export "proxy_on_log") (param i32) (call $attack))`,
    { pages: 4 },
  );

/** Passes a whole exchange, until the guest pauses it. */
async function runThrough(stream: HttpStream): Promise<void> {
  const steps = [
    () => stream.requestHeaders(),
    () => stream.requestBody(bytes("some of the body"), false),
    () => stream.requestBody(bytes("and the rest"), false),
    () => stream.requestTrailers([["x", "y"]]),
    () => stream.responseHeaders(RESPONSE, false),
    () => stream.responseBody(bytes("an answer"), false),
    () => stream.responseTrailers([]),
  ];
  for (const step of steps) await Promise.race([step(), new Promise((done) => setTimeout(done, 0))]);
  stream.end();
}

describe("a hostile guest", () => {
  it.each([1, 77, 4_242])(
    "gets statuses for any arguments to any host function, never an exception (seed %i)",
    async (seed) => {
      const services = new FakeServices();
      services.foreignFunction = (name, argument) => (name === "" ? undefined : argument);
      const instance = FilterInstance.start(hostile(seed), services, START);
      for (let request = 0; request < REQUESTS; request++) {
        instance.decide({ ...REQUEST, attributes: { "xds.route_name": "rule-0" } });
        instance.tick();
        await runThrough(exchange({ instance }));
        await services.calls.shift()?.answer(OK_REPLY);
      }
      expect(instance.failure).toBeUndefined();
      instance.close();
    },
  );

  it.each(Object.keys(SIGNATURES))("that declares %s with other types can only trap", async (name) => {
    const module = name.startsWith("proxy_") ? "env" : "wasi_snapshot_preview1";
    for (const [parameters, operands] of [
      ["(param i64 i64 i64 i64 i64)", "(i64.const -1) (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4)"],
      [
        "(param f64 f64 f64 f64 f64)",
        "(f64.const nan) (f64.const inf) (f64.const 1e300) (f64.const -1) (f64.const 0.5)",
      ],
      ["(param externref)", "(ref.null extern)"],
      ["", ""],
    ]) {
      const filter = moduleOf(`(module
        (import "${module}" "${name}" (func $host ${parameters}))
        (memory (export "memory") 1)
        (func (export "proxy_abi_version_0_2_1"))
        (func (export "malloc") (param i32) (result i64) (i64.const 8))
        (func (export "proxy_on_request_headers") (result i64) (call $host ${operands}) (i64.const 0)))`);
      const instance = FilterInstance.start(filter, new FakeServices(), START);
      const decision = await Promise.race([instance.decide(REQUEST), "paused"]);
      expect(["continue", "failed"]).toContain(typeof decision === "string" ? decision : decision.kind);
    }
  });
});

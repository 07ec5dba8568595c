import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import binaryen from "binaryen";
import {
  CONTINUE,
  callAuth,
  count,
  firstByte,
  grow,
  guestText,
  hasHeader,
  hasShared,
  log,
  on,
  onConfigure,
  onLog,
  onReply,
  onTick,
  PAUSE,
  replaceBody,
  respond,
  setHeader,
  setShared,
  showProperty,
  type Text,
} from "./guest-text.setup.ts";

const X = "(i32.const 88)";
const T = "(i32.const 84)";

/** Refuses a request body that begins with X, and traps on one that begins with T. */
const judgeRequestBody = ($: Text) => `
  (if (i32.eq ${firstByte(0)} ${X}) (then ${respond($, 403, "denied_body")} (return ${PAUSE})))
  (if (i32.eq ${firstByte(0)} ${T}) (then (unreachable)))`;

const untilEnd = `(if (i32.eqz (local.get $end)) (then (return ${PAUSE})))`;

/** Filters of the tests, by the name of their file. */
const GUESTS: Readonly<Record<string, ($: Text) => string>> = {
  /** Holds back the whole request body and judges it. */
  "judge-whole-body": ($) => `
    ${on("request_body", `${untilEnd} ${judgeRequestBody($)} ${CONTINUE}`)}
    ${onLog(count($, "logged"))}`,

  /** Judges each chunk and passes it on with a mark in front. */
  "judge-each-chunk": ($) => `
    ${on(
      "request_body",
      `${judgeRequestBody($)}
       (if (local.get $size) (then
         (drop (call $proxy_set_buffer_bytes (i32.const 0) (i32.const 0) (i32.const 0) ${$("|")}))))
       ${CONTINUE}`,
    )}
    ${onLog(count($, "logged"))}`,

  /** Replaces the bodies of the request and the response. */
  "replace-bodies": ($) => `
    ${on("request_body", `${untilEnd} ${replaceBody($, 0, "request of the filter")} ${CONTINUE}`)}
    ${on("response_headers", `${setHeader($, 2, "x-filter", "seen")} ${CONTINUE}`)}
    ${on("response_body", `${untilEnd} ${replaceBody($, 1, "response of the filter")} ${CONTINUE}`)}`,

  /** Decides on the head after it has seen the body, as filters written for Higress do. */
  "body-before-head": ($) => `
    ${on("request_headers", PAUSE)}
    ${on("request_body", `${untilEnd} ${judgeRequestBody($)} ${setHeader($, 0, "x-body", "seen")} ${CONTINUE}`)}`,

  /** Changes response heads, hides secret responses, and marks each chunk. */
  responses: ($) => `
    ${on("request_headers", `(if ${hasHeader($, 0, "x-deny")} (then ${respond($, 403, "denied")})) ${CONTINUE}`)}
    ${on(
      "response_headers",
      `(if ${hasHeader($, 2, "x-secret")} (then ${respond($, 502, "secret_response")} (return ${PAUSE})))
       (if ${hasHeader($, 2, "x-teapot")} (then ${setHeader($, 2, ":status", "418")}))
       (if ${hasHeader($, 2, "x-nonsense")} (then ${setHeader($, 2, ":status", "999")}))
       ${setHeader($, 2, "x-filter", "seen")} ${CONTINUE}`,
    )}
    ${on(
      "response_body",
      `(if (i32.eq ${firstByte(1)} ${T}) (then (unreachable)))
       (if (local.get $size) (then
         (drop (call $proxy_set_buffer_bytes (i32.const 1) (i32.const 0) (i32.const 0) ${$("|")}))))
       ${CONTINUE}`,
    )}
    ${onLog(count($, "logged"))}`,

  /**
   * Asks a server about a request (one at a time) and refuses it if the reply has `x-deny`. Holds back the response's
   * head if the reply has `x-hold`. Marks each chunk of the response. Traps on a request with `x-die` and on a chunk
   * with T.
   */
  asking: ($) => `
    (global $waiting (mut i32) (i32.const 0))
    (global $holds (mut i32) (i32.const 0))
    ${on(
      "request_headers",
      `(if ${hasHeader($, 0, "x-die")} (then (unreachable)))
       (if ${hasHeader($, 0, "x-known")} (then (return ${CONTINUE})))
       (global.set $waiting (local.get $id)) ${callAuth($, "asked", 60_000)} ${PAUSE}`,
    )}
    ${onReply(`
      (global.set $holds ${hasHeader($, 6, "x-hold")})
      (if ${hasHeader($, 6, "x-deny")}
        (then (drop (call $proxy_set_effective_context (global.get $waiting))) ${respond($, 403, "denied")})
        (else
          (drop (call $proxy_set_effective_context (global.get $waiting)))
          (drop (call $proxy_continue_stream (i32.const 0)))))`)}
    ${on("response_headers", `(if (global.get $holds) (then ${count($, "held")} (return ${PAUSE}))) ${CONTINUE}`)}
    ${on(
      "response_body",
      `(if (i32.eq ${firstByte(1)} ${T}) (then (unreachable)))
       (if (local.get $size) (then
         (drop (call $proxy_set_buffer_bytes (i32.const 1) (i32.const 0) (i32.const 0) ${$("|")}))))
       ${CONTINUE}`,
    )}`,

  /** Traps on a request with `x-die`. */
  mortal: ($) => on("request_headers", `(if ${hasHeader($, 0, "x-die")} (then (unreachable))) ${CONTINUE}`),

  /**
   * Misbehaves as a request's header asks: returns an unknown action, sends a status that does not exist, sets an
   * invalid header name, or points beyond its memory.
   */
  babbling: ($) =>
    on(
      "request_headers",
      `(if ${hasHeader($, 0, "x-action")} (then (return (i32.const 77))))
       (if ${hasHeader($, 0, "x-status")} (then ${respond($, 99_999, "no status")} (return ${PAUSE})))
       (if ${hasHeader($, 0, "x-name")} (then ${setHeader($, 0, "no name\n", "x")}))
       (if ${hasHeader($, 0, "x-address")}
         (then (drop (call $proxy_remove_header_map_value (i32.const 0) (i32.const 2147483647) (i32.const 1000)))))
       ${CONTINUE}`,
    ),

  /**
   * Starts with 4 pages and grows by 255 (almost 16 MiB) on a request with `x-grow`, so four such requests make 64 MiB. Grows
   * by 12 on one with `x-grow-little`: the first makes 1 MiB.
   */
  growing: ($) =>
    on(
      "request_headers",
      `(if ${hasHeader($, 0, "x-grow")} (then ${grow(255)}))
       (if ${hasHeader($, 0, "x-grow-little")} (then ${grow(12)}))
       ${CONTINUE}`,
    ),

  /** Refuses all requests after one with `x-bar`, which it notes in shared data. */
  barring: ($) =>
    on(
      "request_headers",
      `(if ${hasHeader($, 0, "x-bar")} (then ${setShared($, "barred", "yes")}))
       (if ${hasShared($, "barred")} (then ${respond($, 403, "barred")} (return ${PAUSE})))
       ${CONTINUE}`,
    ),

  /** Asks for a fresh instance on a request with `x-rebuild`, as filters of Higress do. */
  rebuilding: ($) =>
    on(
      "request_headers",
      `(if ${hasHeader($, 0, "x-rebuild")}
         (then (drop (call $proxy_set_property ${$("wasm_need_rebuild")} ${$("true")}))))
       ${CONTINUE}`,
    ),

  /** Refuses every configuration. */
  unstartable: () => onConfigure("(i32.const 0)"),

  /** Pauses a request and never resumes it. With `x-body`, lets the head pass and pauses the body. */
  forgetful: ($) => `
    ${on("request_headers", `(if (result i32) ${hasHeader($, 0, "x-body")} (then ${CONTINUE}) (else ${PAUSE}))`)}
    ${on("request_body", PAUSE)}`,

  /** Fetches in ticks what it needs to decide. */
  ticking: ($) => `
    (global $ready (mut i32) (i32.const 0))
    ${onConfigure("(drop (call $proxy_set_tick_period_milliseconds (i32.const 30000))) (i32.const 1)")}
    ${onTick(`${count($, "ticks")} ${callAuth($, "allow-tick")}`)}
    ${onReply("(global.set $ready (local.get $headers))")}
    ${on(
      "request_headers",
      `(if (i32.eqz (global.get $ready)) (then ${respond($, 503, "not_ready")} (return ${PAUSE}))) ${CONTINUE}`,
    )}`,

  /** At its start it asks twice, the second time when it has the first reply. It refuses requests until it has both. */
  starting: ($) => `
    (global $replies (mut i32) (i32.const 0))
    ${onConfigure(`${callAuth($, "first")} (i32.const 1)`)}
    ${onReply(`
      (global.set $replies (i32.add (global.get $replies) (i32.const 1)))
      (if (i32.eq (global.get $replies) (i32.const 1)) (then ${callAuth($, "second")}))`)}
    ${on(
      "request_headers",
      `(if (i32.lt_u (global.get $replies) (i32.const 2)) (then ${respond($, 503, "not_ready")} (return ${PAUSE})))
       (if ${hasHeader($, 0, "x-die")} (then (unreachable)))
       ${CONTINUE}`,
    )}`,

  /** Makes a call at its start, and another one at each reply, for ever. */
  "asking-for-ever": ($) => `
    ${onConfigure(`${callAuth($, "again")} (i32.const 1)`)}
    ${onReply(callAuth($, "again"))}`,

  /** Traps in the reply to the call of its start. */
  "trapping-at-reply": ($) => `
    ${onConfigure(`${callAuth($, "once")} (i32.const 1)`)}
    ${onReply("(unreachable)")}`,

  /** Asks for what no gateway has and lets everything pass, as filters do that fail open. */
  "asking-in-vain": ($) => `
    ${on(
      "request_headers",
      `(if ${hasHeader($, 0, "x-cluster")} (then ${callAuth($, "token", 1_000, "outbound|443||keys.example.com")}))
       (if ${hasHeader($, 0, "x-grpc")} (then (drop (call $proxy_grpc_cancel (i32.const 1)))))
       (if ${hasHeader($, 0, "x-foreign")} (then (drop (call $proxy_call_foreign_function
         ${$("verify")} (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))))
       (if ${hasHeader($, 0, "x-refuse")} (then ${respond($, 403, "denied")} (return ${PAUSE})))
       ${CONTINUE}`,
    )}`,

  /** Logs at three levels, shows properties to the upstream, and traps if it is told to. */
  talkative: ($) => `
    ${on(
      "request_headers",
      `${log($, 1, "a quiet line")} ${log($, 2, "a plain line")} ${log($, 4, "an error")}
       ${showProperty($, "cluster_name", "x-cluster-name")}
       ${showProperty($, "route_name", "x-route-name")}
       ${showProperty($, "node.metadata.NAME", "x-node-name")}
       (if ${hasHeader($, 0, "x-die")} (then (unreachable)))
       ${CONTINUE}`,
    )}`,

  /** Its ticks call a server that does not answer in time. */
  "ticking-in-vain": ($) => `
    ${onConfigure("(drop (call $proxy_set_tick_period_milliseconds (i32.const 30000))) (i32.const 1)")}
    ${onTick(callAuth($, "hang-tick"))}`,
};

/** Builds the guests once before the first test, because workerd cannot compile modules from bytes. */
export default async function setup(): Promise<void> {
  const folder = join(import.meta.dirname, "build");
  await mkdir(folder, { recursive: true });
  for (const [name, source] of Object.entries(GUESTS)) {
    const module = binaryen.parseText(guestText(source));
    module.setFeatures(binaryen.Features.All);
    if (!module.validate()) throw new Error(`the guest ${name} is not valid`);
    const file = join(folder, `${name}.wasm`);
    // Write to another file first: another process may be reading the module.
    await writeFile(`${file}.${process.pid}`, module.emitBinary());
    await rename(`${file}.${process.pid}`, file);
    module.dispose();
  }
}

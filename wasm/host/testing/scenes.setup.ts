import {
  type BodyOutcome,
  encodeHeaderMap,
  FilterInstance,
  type HeaderList,
  type HttpStream,
  type Stages,
  type StreamOptions,
  type StreamRequest,
} from "../index.ts";
import { FakeServices, START } from "./fake-services.setup.ts";
import { type GuestOptions, type GuestText, guest } from "./wat-guest.setup.ts";

export const REQUEST: StreamRequest = {
  headers: [
    [":method", "GET"],
    [":path", "/orders?id=1"],
    [":authority", "api.example.com"],
    [":scheme", "https"],
  ],
  endOfStream: true,
};

const CALL_HEADERS: HeaderList = [
  [":method", "GET"],
  [":path", "/check"],
  [":authority", "auth"],
];

/** A started filter whose guest has these functions, and a function to send requests to it. */
export function filter(source: (text: GuestText) => string, options: GuestOptions = {}) {
  const services = new FakeServices();
  const instance = FilterInstance.start(guest(source, options), services, START);
  const decide = (request: Partial<StreamRequest> = {}) => instance.decide({ ...REQUEST, ...request });
  return { services, instance, decide };
}

/** `on_request_headers`, with `$id`, `$count` and `$eos`; its body ends with the action. */
export const onRequest = (body: string): string =>
  `(func (export "proxy_on_request_headers") (param $id i32) (param $count i32) (param $eos i32) (result i32) ${body})`;

/** `on_http_call_response`, with `$root`, `$call`, `$headers`, `$body` and `$trailers`. */
export const onReply = (body: string): string =>
  `(func (export "proxy_on_http_call_response")
    (param $root i32) (param $call i32) (param $headers i32) (param $body i32) (param $trailers i32) ${body})`;

/** Calls the cluster "auth" with this body; the call's id goes to address 64. */
export const call = ($: GuestText, body = ""): string =>
  `(drop (call $proxy_http_call ${$("auth")} ${$(encodeHeaderMap(CALL_HEADERS))} ${$(body)} ${$("")}
    (i32.const 500) (i32.const 64)))`;

export const respond = ($: GuestText, status: number, details: string): string =>
  `(drop (call $proxy_send_local_response (i32.const ${status}) ${$(details)} ${$("no")} ${$("")} (i32.const -1)))`;

/** A guest that pauses every request, makes an outbound call, and continues the last request's stream at a reply. */
export const pausing = ($: GuestText): string => `
  (global $stream (mut i32) (i32.const 0))
  ${onRequest(`(global.set $stream (local.get $id)) ${call($)} (i32.const 1)`)}
  ${onReply(`
    (drop (call $proxy_set_effective_context (global.get $stream)))
    (drop (call $proxy_continue_stream (i32.const 0)))`)}
  (func (export "proxy_on_delete") (param $id i32)
    (if (i32.ne (local.get $id) (i32.const 1)) (then (call $log ${$("deleted")}))))`;

export const ALL_STAGES: Stages = {
  requestBody: true,
  requestTrailers: true,
  responseHeaders: true,
  responseBody: true,
  responseTrailers: true,
};

export const RESPONSE: HeaderList = [
  [":status", "200"],
  ["content-type", "text/plain"],
];

/** A stream for a request with a body, with all stages on. */
export function exchange(
  { instance }: { readonly instance: FilterInstance },
  options: Partial<StreamOptions> = {},
  request: Partial<StreamRequest> = {},
): HttpStream {
  return instance.openStream({ ...REQUEST, endOfStream: false, ...request }, { stages: ALL_STAGES, ...options });
}

/** `on_request_headers` or `on_response_headers`; parameters as in `onRequest`. */
export const onHeaders = (message: "request" | "response", body: string): string =>
  `(func (export "proxy_on_${message}_headers") (param $id i32) (param $count i32) (param $eos i32) (result i32) ${body})`;

/** `on_request_body` or `on_response_body`, with `$id`, `$size` and `$eos`; its body ends with the action. */
export const onBody = (message: "request" | "response", body: string): string =>
  `(func (export "proxy_on_${message}_body") (param $id i32) (param $size i32) (param $eos i32) (result i32) ${body})`;

/** `on_request_trailers` or `on_response_trailers`, with `$id` and `$count`. */
export const onTrailers = (message: "request" | "response", body: string): string =>
  `(func (export "proxy_on_${message}_trailers") (param $id i32) (param $count i32) (result i32) ${body})`;

/** Logs all that the guest can read of a body. */
export const logBody = (message: "request" | "response"): string => `
  (if (i32.eqz (call $proxy_get_buffer_bytes
      (i32.const ${message === "request" ? 0 : 1}) (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 4)))
    (then (call $log (i32.load (i32.const 0)) (i32.load (i32.const 4)))))`;

/** Replaces a body's whole content. */
export const replaceBody = (message: "request" | "response", operands: string): string =>
  `(drop (call $proxy_set_buffer_bytes
    (i32.const ${message === "request" ? 0 : 1}) (i32.const 0) (i32.const -1) ${operands}))`;

/** The action of a callback: continue at the end of the stream, pause before. */
export const UNTIL_END = "(i32.eqz (local.get $eos))";

/** Remembers a stream, and continues its message at a reply. */
export const resumedByReply = (message: "request" | "response", before = ""): string => `
  (global $stream (mut i32) (i32.const 0))
  ${onReply(`
    (drop (call $proxy_set_effective_context (global.get $stream)))
    ${before}
    (drop (call $proxy_continue_stream (i32.const ${message === "request" ? 0 : 1})))`)}`;

export const REMEMBER = "(global.set $stream (local.get $id))";

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A body outcome with its bytes as text, for comparison. */
export async function readable(outcome: BodyOutcome | Promise<BodyOutcome>): Promise<string> {
  const settled = await outcome;
  if (settled.kind === "continue") return `continue ${new TextDecoder().decode(settled.body)}`;
  return settled.kind === "respond" ? `respond ${settled.status}` : settled.kind;
}

export async function isPending(outcome: unknown): Promise<boolean> {
  if (!(outcome instanceof Promise)) return false;
  return Promise.race([outcome.then(() => false), new Promise<boolean>((done) => setTimeout(() => done(true), 5))]);
}

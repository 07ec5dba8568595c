import { encodeHeaderMap, FilterInstance, type HeaderList, type StreamRequest } from "../index.ts";
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

/** A started filter whose guest has these functions, and a way to put requests to it. */
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

/** A guest that pauses every request, calls out, and goes on with the last request's stream when a reply comes. */
export const pausing = ($: GuestText): string => `
  (global $stream (mut i32) (i32.const 0))
  ${onRequest(`(global.set $stream (local.get $id)) ${call($)} (i32.const 1)`)}
  ${onReply(`
    (drop (call $proxy_set_effective_context (global.get $stream)))
    (drop (call $proxy_continue_stream (i32.const 0)))`)}
  (func (export "proxy_on_delete") (param $id i32)
    (if (i32.ne (local.get $id) (i32.const 1)) (then (call $log ${$("deleted")}))))`;

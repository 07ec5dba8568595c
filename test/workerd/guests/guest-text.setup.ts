/** Host functions that guests import, with their parameters (i for i32, I for i64). Each returns one i32. */
const IMPORTS: Readonly<Record<string, string>> = {
  proxy_get_buffer_bytes: "iiiii",
  proxy_set_buffer_bytes: "iiiii",
  proxy_get_header_map_value: "iiiii",
  proxy_replace_header_map_value: "iiiii",
  proxy_remove_header_map_value: "iii",
  proxy_send_local_response: "iiiiiiii",
  proxy_http_call: "iiiiiiiiii",
  proxy_continue_stream: "i",
  proxy_set_effective_context: "i",
  proxy_set_tick_period_milliseconds: "i",
  proxy_define_metric: "iiii",
  proxy_increment_metric: "iI",
  proxy_set_property: "iiii",
  proxy_set_shared_data: "iiiii",
  proxy_get_shared_data: "iiiii",
  proxy_log: "iii",
  proxy_get_property: "iiii",
  proxy_grpc_cancel: "i",
  proxy_call_foreign_function: "iiiiii",
};

const TEXTS_AT = 1_024;
const HEAP_AT = 32_768;

export const CONTINUE = "(i32.const 0)";
export const PAUSE = "(i32.const 1)";

/** Places a text in the guest's memory. @returns its address and length as two operands */
export type Text = (text: string | Uint8Array) => string;

/** A Proxy-Wasm 0.2.1 guest. @param source returns its functions, which can call every import by its name */
export function guestText(source: (text: Text) => string): string {
  const segments: string[] = [];
  let textAt = TEXTS_AT;
  const functions = source((content) => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const escaped = [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
    segments.push(`(data (i32.const ${textAt}) "${escaped}")`);
    textAt += bytes.length;
    return `(i32.const ${textAt - bytes.length}) (i32.const ${bytes.length})`;
  });
  const imports = Object.entries(IMPORTS).map(([name, parameters]) => {
    const types = [...parameters].map((kind) => (kind === "I" ? "i64" : "i32")).join(" ");
    return `(import "env" "${name}" (func $${name} (param ${types}) (result i32)))`;
  });
  return `(module
    ${imports.join("\n")}
    (memory (export "memory") 4)
    (global $heap (mut i32) (i32.const ${HEAP_AT}))
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
      ;; Starts over when the heap is full. By then the guest has read the earlier values.
      (local $at i32)
      (if (i32.gt_u (i32.add (global.get $heap) (local.get $size)) (i32.const 262144))
        (then (global.set $heap (i32.const ${HEAP_AT}))))
      (local.set $at (global.get $heap))
      (global.set $heap (i32.add (local.get $at) (local.get $size)))
      (local.get $at))
    ${functions}
    ${segments.join("\n")}
  )`;
}

export function onConfigure(body: string): string {
  return `(func (export "proxy_on_configure") (param $root i32) (param $size i32) (result i32) ${body})`;
}

export function onTick(body: string): string {
  return `(func (export "proxy_on_tick") (param $root i32) ${body})`;
}

export function onReply(body: string): string {
  return `(func (export "proxy_on_http_call_response")
    (param $root i32) (param $call i32) (param $headers i32) (param $body i32) (param $trailers i32) ${body})`;
}

export function onLog(body: string): string {
  return `(func (export "proxy_on_log") (param $id i32) ${body})`;
}

/**
 * A stream callback. Its parameters are `$id`, `$size` (headers in the map, or visible bytes of the body) and `$end`.
 */
export function on(callback: string, body: string): string {
  return `(func (export "proxy_on_${callback}") (param $id i32) (param $size i32) (param $end i32) (result i32) ${body})`;
}

/** The first byte of a body (0: request, 1: response), or 0 if the body is empty. */
export function firstByte(buffer: 0 | 1): string {
  return `(block (result i32)
    (i32.store (i32.const 4) (i32.const 0))
    (drop (call $proxy_get_buffer_bytes (i32.const ${buffer}) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 4)))
    (if (result i32) (i32.load (i32.const 4)) (then (i32.load8_u (i32.load (i32.const 0)))) (else (i32.const 0))))`;
}

/** True if the map (0: request headers, 2: response headers, 6: headers of a call's reply) has the header. */
export function hasHeader($: Text, map: 0 | 2 | 6, name: string): string {
  return `(i32.eqz (call $proxy_get_header_map_value
    (i32.const ${map}) ${$(name)} (i32.const 0) (i32.const 4)))`;
}

export function setHeader($: Text, map: 0 | 2, name: string, value: string): string {
  return `(drop (call $proxy_replace_header_map_value (i32.const ${map}) ${$(name)} ${$(value)}))`;
}

export function respond($: Text, status: number, details: string): string {
  return `(drop (call $proxy_send_local_response
    (i32.const ${status}) ${$(details)} ${$(details)} (i32.const 0) (i32.const 0) (i32.const -1)))`;
}

/** Replaces the visible part of a body. */
export function replaceBody($: Text, buffer: 0 | 1, content: string): string {
  return `(drop (call $proxy_set_buffer_bytes (i32.const ${buffer}) (i32.const 0) (local.get $size) ${$(content)}))`;
}

/** Grows memory by `pages` and writes to all new pages, so that they are resident. */
export function grow(pages: number): string {
  return `(memory.fill
    (i32.mul (memory.grow (i32.const ${pages})) (i32.const 65536)) (i32.const 1) (i32.const ${pages * 65_536}))`;
}

/** Increments a metric, which /stats shows. */
export function count($: Text, metric: string): string {
  return `(drop (call $proxy_define_metric (i32.const 0) ${$(metric)} (i32.const 8)))
    (drop (call $proxy_increment_metric (i32.load (i32.const 8)) (i64.const 1)))`;
}

export function setShared($: Text, key: string, value: string): string {
  return `(drop (call $proxy_set_shared_data ${$(key)} ${$(value)} (i32.const 0)))`;
}

/** True if shared data has the key. */
export function hasShared($: Text, key: string): string {
  return `(i32.eqz (call $proxy_get_shared_data ${$(key)} (i32.const 0) (i32.const 4) (i32.const 8)))`;
}

/** Logs a text; level 1 is debug, 2 info, 4 error. */
export function log($: Text, level: number, text: string): string {
  return `(drop (call $proxy_log (i32.const ${level}) ${$(text)}))`;
}

/** Sets a request header to the value of a property, if there is one. */
export function showProperty($: Text, path: string, header: string): string {
  return `(if (i32.eqz (call $proxy_get_property ${$(path.replaceAll(".", "\0"))} (i32.const 0) (i32.const 4)))
    (then (drop (call $proxy_replace_header_map_value (i32.const 0) ${$(header)} (i32.load (i32.const 0)) (i32.load (i32.const 4))))))`;
}

/** GET /check on a cluster, with `token` as its credential. */
export function callAuth($: Text, token: string, timeoutMs = 1_000, cluster = "auth"): string {
  const headers = [
    [":method", "GET"],
    [":path", "/check"],
    [":authority", "auth"],
    ["authorization", `Bearer ${token}`],
  ];
  return `(drop (call $proxy_http_call ${$(cluster)} ${$(headerMap(headers))}
    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const ${timeoutMs}) (i32.const 12)))`;
}

function headerMap(headers: readonly (readonly string[])[]): Uint8Array {
  const texts = headers.flat().map((text) => new TextEncoder().encode(text));
  const map = new Uint8Array(4 + texts.reduce((bytes, text) => bytes + 5 + text.length, 0));
  const view = new DataView(map.buffer);
  view.setUint32(0, headers.length, true);
  let at = 4;
  for (const text of texts) {
    view.setUint32(at, text.length, true);
    at += 4;
  }
  for (const text of texts) {
    map.set(text, at);
    at += text.length + 1;
  }
  return map;
}

import { performance } from "node:perf_hooks";
import { createSharedState, FilterInstance, type HeaderList } from "../wasm/host/index.ts";
import { type GuestText, guest } from "../wasm/host/testing/wat-guest.setup.ts";

/**
 * Measures the microseconds that the host spends on one request. The filter reads five headers and sets one, and does
 * nothing else, so the result is the cost of calls between host and filter. Plain JavaScript on the same headers is the
 * baseline.
 */

const ROUNDS = 15;
const REQUESTS = 50_000;
const READ = [":path", ":method", ":authority", "authorization", "x-tenant"] as const;

const HEADERS: HeaderList = [
  [":method", "GET"],
  [":path", "/orders/1?expand=lines"],
  [":authority", "api.example.com"],
  [":scheme", "https"],
  ["user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"],
  ["accept", "application/json"],
  ["authorization", "Bearer token-of-user-1"],
  ["x-tenant", "one"],
  ["accept-language", "en-GB,en;q=0.9"],
  ["accept-encoding", "gzip, deflate, br"],
];

const read = ($: GuestText, name: string) =>
  `(drop (call $proxy_get_header_map_value (i32.const 0) ${$(name)} (i32.const 0) (i32.const 4)))`;

const module = guest(
  ($) => `
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (global.set $heap (i32.const 32768))
    ${READ.map((name) => read($, name)).join("\n")}
    (drop (call $proxy_replace_header_map_value (i32.const 0) ${$("x-user")} ${$("ada")}))
    (i32.const 0))
  (func (export "proxy_on_done") (param i32) (result i32) (i32.const 1))
  (func (export "proxy_on_log") (param i32))
  (func (export "proxy_on_delete") (param i32))`,
);

const instance = FilterInstance.start(
  module,
  {
    nowMs: () => Date.now(),
    log: () => {},
    hasCluster: () => false,
    httpCall: () => Promise.resolve({ ok: false, reason: "reset" }),
    randomBytes: (into) => into.fill(0),
    shared: createSharedState(),
  },
  {
    vmId: "bench",
    rootId: "",
    pluginName: "bench",
    vmConfiguration: new Uint8Array(0),
    pluginConfiguration: new Uint8Array(0),
  },
);

let seen = 0;

const contenders = {
  "Proxy-Wasm filter": () => {
    const decision = instance.decide({ headers: HEADERS, endOfStream: true });
    if (decision instanceof Promise || decision.kind !== "continue") throw new Error("the filter did not continue");
    seen += decision.changes.length;
  },
  "plain JavaScript": () => {
    const headers = new Map(HEADERS);
    let length = 0;
    for (const name of READ) length += headers.get(name)!.length;
    headers.set("x-user", "ada");
    seen += headers.size > length ? 0 : 1;
  },
};

const measured = new Map<string, number[]>(Object.keys(contenders).map((name) => [name, []]));
for (let round = -2; round < ROUNDS; round += 1) {
  for (const [name, once] of Object.entries(contenders)) {
    const startedMs = performance.now();
    for (let n = 0; n < REQUESTS; n += 1) once();
    // The first rounds warm up.
    if (round >= 0) measured.get(name)!.push(((performance.now() - startedMs) * 1_000) / REQUESTS);
  }
}
console.log(`five headers read, one set; microseconds a request, median of ${ROUNDS} rounds (${seen} decisions)`);
for (const [name, rounds] of measured) {
  const median = rounds.toSorted((a, b) => a - b)[ROUNDS >> 1]!;
  console.log(`${name.padEnd(18)} ${median.toFixed(2).padStart(8)}`);
}

import { readFile } from "node:fs/promises";
import { bench, do_not_optimize, group, run, summary } from "mitata";
import { restartSettings } from "../config/index.ts";
import { Estimator } from "../durable/estimate/estimator.ts";
import { CacheGuest } from "../durable/estimate/testing/cache-guest.ts";
import { DEFAULT_CAPACITY, Samples } from "../durable/metrics/samples.ts";
import { RestartController } from "../durable/restart/controller.ts";
import { nothingLearned } from "../durable/restart/learned.ts";
import { configuration, largeFilterFile } from "../wasm/filter/testing/harness.ts";
import {
  createSharedState,
  decodeHeaderMap,
  encodeHeaderMap,
  FilterInstance,
  type HeaderList,
} from "../wasm/host/index.ts";
import { type GuestText, guest } from "../wasm/host/testing/wat-guest.setup.ts";
import { sipHash, sipKey } from "../worker/kept/siphash.ts";

/**
 * `npm run bench:micro`: the parts of a request one by one, in Node. Cache operations must not depend on the number of entries
 * but for the processor's caches.
 */

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

group("header codec, ten headers", () => {
  const encoded = encodeHeaderMap(HEADERS);
  bench("encode", () => do_not_optimize(encodeHeaderMap(HEADERS)));
  bench("decode", () => do_not_optimize(decodeHeaderMap(encoded)));
});

group("the key of a kept allow, a question of 160 characters", () => {
  const key = sipKey(crypto.getRandomValues(new Uint8Array(16)));
  const question = "q".repeat(160);
  bench("SipHash-2-4-128", () => do_not_optimize(sipHash(question, key)));
});

const READ = [":path", ":method", ":authority", "authorization", "x-tenant"] as const;

group("host calls: a filter that reads five headers and sets one", () => {
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
  const instance = startFilter(module, "", () => Date.now());
  summary(() => {
    bench("Proxy-Wasm filter", () => do_not_optimize(instance.decide({ headers: HEADERS, endOfStream: true })));
    bench("the same in JavaScript", () => {
      const headers = new Map(HEADERS);
      for (const name of READ) do_not_optimize(headers.get(name));
      headers.set("x-user", "ada");
      do_not_optimize(headers);
    });
  });
});

const TTL_MS = 600_000;
const large = new WebAssembly.Module(await readFile(await largeFilterFile()));
for (const size of [1_000, 100_000, 1_000_000]) {
  const cache = await filledCache(size);
  group(`the filter's cache with ${size.toLocaleString("en")} entries`, () => {
    let n = 0;
    bench("lookup, whole request", () => {
      n = (n + 7_919) % size;
      do_not_optimize(cache.ask(cache.oldest + n));
    });
    bench("insert one and expire one, whole request with its call", async () => {
      // As time passes, as many decisions expire as new ones come.
      cache.nowMs += TTL_MS / size;
      cache.oldest += 1;
      await cache.ask(cache.oldest + size);
    });
  });
}

group("one sample of the controller, ring buffer full", () => {
  const START_MS = 1_700_000_000_000;
  const guestCache = new CacheGuest({
    seed: 1,
    ttlMs: 300_000,
    startMs: START_MS,
    requestsPerSecond: (ageMs) => 10 + 8 * Math.sin(ageMs / 3_600_000),
  });
  const next = () => {
    guestCache.step();
    return guestCache.samples.at(guestCache.samples.length - 1);
  };
  const estimator = new Estimator(restartSettings());
  estimator.started(1, START_MS, guestCache.startAllocatedBytes);
  for (let n = 0; n < DEFAULT_CAPACITY; n += 1) estimator.push(next());
  const recorded = Array.from({ length: 4_000 }, next);
  const stepMs = recorded[1]!.timeMs - recorded[0]!.timeMs;
  let at = 0;
  let timeMs = recorded[0]!.timeMs;
  const sample = () => {
    at = (at + 1) % recorded.length;
    timeMs += stepMs;
    return { ...recorded[at]!, timeMs };
  };
  bench("estimator", () => {
    const taken = sample();
    estimator.push(taken);
    do_not_optimize(estimator.estimate(taken.timeMs));
  });
  const controller = new RestartController(
    { samples: new Samples(), learned: nothingLearned("bench"), counts: { requests: 0, hits: 0, outbound: 0 } },
    { policy: "measured", settings: restartSettings(), handover: false, random: () => 0.5 },
  );
  controller.started(START_MS, guestCache.startAllocatedBytes);
  const counts = { requests: 0, hits: 0, outbound: 0 };
  bench("whole controller", () => {
    const { requests, hits, outbound, allocatedBytes, timeMs: nowMs } = sample();
    counts.requests += requests;
    counts.hits += hits;
    counts.outbound += outbound;
    do_not_optimize(controller.sample(nowMs, { allocatedBytes, counts }));
  });
});

await run();

function startFilter(module: WebAssembly.Module, text: string, nowMs: () => number): FilterInstance {
  const reply = { ok: true, headers: [[":status", "200"]], body: new Uint8Array(0), trailers: [] } as const;
  return FilterInstance.start(
    module,
    {
      nowMs,
      log: () => {},
      hasCluster: () => true,
      httpCall: async () => ({
        ...reply,
        headers: [...reply.headers.map(([name, value]): [string, string] => [name, value])],
        trailers: [],
      }),
      randomBytes: (into) => into.fill(7),
      shared: createSharedState(),
    },
    {
      vmId: "bench",
      rootId: "",
      pluginName: "bench",
      vmConfiguration: new Uint8Array(0),
      pluginConfiguration: new TextEncoder().encode(text),
    },
  );
}

interface FilledCache {
  nowMs: number;
  /** Number of the oldest user whose decision is in the cache. */
  oldest: number;
  ask(user: number): unknown;
}

/** The built-in filter with so many decisions, which expire evenly over one TTL. */
async function filledCache(size: number): Promise<FilledCache> {
  const cache = { maxTtlMs: TTL_MS, denyTtlMs: 10_000, staleIfErrorMs: 0, maxBytes: 512 * 1024 * 1024 };
  const filled: FilledCache = {
    nowMs: 1_790_000_000_000,
    oldest: 0,
    ask: (user) => {
      const headers: HeaderList = [...HEADERS];
      headers[6] = ["authorization", `Bearer token-of-user-${user}`];
      return instance.decide({ headers, endOfStream: true, attributes: { "xds.route_name": "" } });
    },
  };
  const instance = startFilter(large, JSON.stringify(configuration({ cache })), () => filled.nowMs);
  for (let user = 0; user < size; user += 1) {
    filled.nowMs += TTL_MS / size;
    await filled.ask(user);
  }
  return filled;
}

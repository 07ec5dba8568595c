import { describe, expect, it } from "vitest";
import { PAGE_BYTES } from "../../byte-units.ts";
import type { HeaderList } from "../index.ts";
import { ABI_VERSIONS, isIn, type ProxyFunction, parametersOf } from "./puppet/abi-table.ts";
import type { Argument, Guest, Scripted } from "./puppet/guest.ts";
import { BufferType, MapType, MetricType, Status } from "./puppet/numbers.ts";
import { AllocatorMode, UNTOUCHED } from "./puppet/protocol.ts";
import { startPuppet } from "./puppet/start-puppet.ts";

const CALL_HEADERS: HeaderList = [
  [":method", "GET"],
  [":path", "/check"],
  [":authority", "auth"],
];

/** Arguments with which each function returns OK inside on_request_headers, after PREPARATION; without out parameters. */
const GOOD_CALLS: readonly (readonly [name: ProxyFunction, args: readonly Argument[]])[] = [
  ["proxy_log", [2, "line"]],
  ["proxy_get_log_level", []],
  ["proxy_get_current_time_nanoseconds", []],
  ["proxy_get_buffer_bytes", [BufferType.VM_CONFIGURATION, 0, 100]],
  ["proxy_get_buffer_status", [BufferType.VM_CONFIGURATION]],
  ["proxy_get_header_map_size", [MapType.REQUEST_HEADERS]],
  ["proxy_get_header_map_pairs", [MapType.REQUEST_HEADERS]],
  ["proxy_set_header_map_pairs", [MapType.REQUEST_HEADERS, CALL_HEADERS]],
  ["proxy_get_header_map_value", [MapType.REQUEST_HEADERS, ":path"]],
  ["proxy_add_header_map_value", [MapType.REQUEST_HEADERS, "x-a", "b"]],
  ["proxy_replace_header_map_value", [MapType.REQUEST_HEADERS, "x-a", "c"]],
  ["proxy_remove_header_map_value", [MapType.REQUEST_HEADERS, "x-a"]],
  ["proxy_get_status", []],
  ["proxy_http_call", ["auth", CALL_HEADERS, "body", [["x-trailer", "t"]], 100]],
  ["proxy_set_shared_data", ["key", "value", 0]],
  ["proxy_get_shared_data", ["key"]],
  ["proxy_register_shared_queue", ["queue"]],
  ["proxy_resolve_shared_queue", ["vm", "queue"]],
  ["proxy_enqueue_shared_queue", [1, "item"]],
  ["proxy_dequeue_shared_queue", [1]],
  ["proxy_define_metric", [MetricType.COUNTER, "metric"]],
  ["proxy_get_metric", [1]],
  ["proxy_get_property", ["plugin_name"]],
  ["proxy_set_property", ["my.state", "value"]],
  ["proxy_send_local_response", [403, "details", "body", [["x-a", "b"]], -1]],
];

/** State that the calls above need. */
function* prepare(guest: Guest): Scripted<void> {
  yield* guest.call("proxy_set_shared_data", "key", "value", 0);
  yield* guest.call("proxy_register_shared_queue", "queue");
  yield* guest.call("proxy_enqueue_shared_queue", 1, "item");
  yield* guest.call("proxy_define_metric", MetricType.COUNTER, "metric");
}

/** All variants of these arguments with one bad address, as raw numbers. */
function* badAddresses(guest: Guest, name: ProxyFunction, args: readonly Argument[]): Scripted<number[][]> {
  const end = (yield* guest.growMemory(0)) * PAGE_BYTES;
  const good: number[] = [];
  const bad: ((raw: number[]) => void)[] = [];
  let next = 0;
  for (const parameter of parametersOf(name)) {
    const at = good.length;
    if (parameter === "out" || parameter === "out64") {
      const bytes = parameter === "out" ? 4 : 8;
      good.push(yield* guest.allocate(8));
      for (const address of [end - bytes + 1, end, 0x7fff_ffff, 0xffff_fffe]) {
        bad.push((raw) => {
          raw[at] = address;
        });
      }
      continue;
    }
    const argument = args[next++];
    if (parameter !== "span") {
      good.push(Number(argument));
      continue;
    }
    const place = yield* guest.place(argument ?? "");
    good.push(place.address, place.size);
    for (const [address, size] of [
      [end - 1, 2],
      [end, 1],
      [0xffff_ffff, 1],
      [0xffff_fff0, 32],
    ] as const) {
      bad.push((raw) => {
        raw[at] = address;
        raw[at + 1] = size;
      });
    }
  }
  return bad.map((spoil) => {
    const raw = [...good];
    spoil(raw);
    return raw;
  });
}

/** Rules 5 (allocations), 6 (which allocator), 7 (growth), and INVALID_MEMORY_ACCESS of every function. */
describe.each(ABI_VERSIONS)("memory of a filter of ABI %s", (abi) => {
  const calls = GOOD_CALLS.filter(([name]) => isIn(name, abi));

  it.each(calls)("%s succeeds with good addresses", (name, args) => {
    const { decide } = startPuppet(abi, {
      configure: prepare,
      *request_headers(guest) {
        expect(yield* guest.status(name, ...args)).toBe(Status.OK);
      },
    });
    decide();
  });

  it.each(calls.filter(([name]) => parametersOf(name).some((parameter) => !parameter.startsWith("value"))))(
    "%s returns INVALID_MEMORY_ACCESS for addresses outside, and does nothing",
    (name, args) => {
      const { director, decide, instance } = startPuppet(abi, {
        configure: prepare,
        *request_headers(guest) {
          const allocated = (yield* guest.allocations()).length;
          for (const raw of yield* badAddresses(guest, name, args)) {
            const { status } = yield* guest.raw(name, ...raw);
            expect([name, raw, status]).toEqual([name, raw, Status.INVALID_MEMORY_ACCESS]);
          }
          expect(yield* guest.allocations()).toHaveLength(allocated);
          // Not even the part that fits is written.
          const end = (yield* guest.growMemory(0)) * PAGE_BYTES;
          expect(yield* guest.read(end - 16, 16)).toEqual(new Uint8Array(16));
        },
      });
      decide();
      expect(instance.outboundCalls).toBe(0);
      expect(director.lines).toEqual([]);
    },
  );

  it("an item stays in its queue if it could not be returned", () => {
    startPuppet(abi, {
      *configure(guest) {
        yield* prepare(guest);
        expect((yield* guest.raw("proxy_dequeue_shared_queue", 1, 0xffff_fff0, guest.outAddress)).status).toBe(
          Status.INVALID_MEMORY_ACCESS,
        );
        yield* guest.setAllocator(AllocatorMode.FAIL);
        expect(yield* guest.status("proxy_dequeue_shared_queue", 1)).not.toBe(Status.OK);
        yield* guest.setAllocator(AllocatorMode.NORMAL);
        expect((yield* guest.ask("proxy_dequeue_shared_queue", 1)).text).toBe("item");
      },
    });
  });

  it("is allocated in separate pieces of exactly the size returned", () => {
    const { decide } = startPuppet(abi, {
      *request_headers(guest) {
        const answers = [
          yield* guest.header(MapType.REQUEST_HEADERS, ":path"),
          yield* guest.ask("proxy_get_header_map_pairs", MapType.REQUEST_HEADERS),
          yield* guest.buffer(BufferType.VM_CONFIGURATION, 3, 5),
          yield* guest.property("plugin_name"),
        ];
        expect(yield* guest.allocations()).toEqual(answers.map(({ size, pointer }) => ({ size, pointer })));
      },
    });
    decide();
  });

  it("is not allocated for zero bytes: address 0, size 0", () => {
    const { decide } = startPuppet(abi, {
      *request_headers(guest) {
        const answers = [
          yield* guest.header(MapType.REQUEST_HEADERS, "x-empty"),
          yield* guest.buffer(BufferType.VM_CONFIGURATION, 3, 0),
          yield* guest.buffer(BufferType.VM_CONFIGURATION, 1_000, 1),
          yield* guest.property("request.query"),
        ];
        for (const answer of answers) expect(answer).toMatchObject({ status: Status.OK, outs: [0, 0] });
        expect(yield* guest.allocations()).toEqual([]);
      },
    });
    decide({
      headers: [
        [":method", "GET"],
        [":path", "/"],
        [":authority", "a"],
        ["x-empty", ""],
      ],
    });
  });

  it("may grow whenever host or guest allocates", () => {
    const { instance, decide } = startPuppet(abi, {
      *request_headers(guest) {
        yield* guest.setAllocator(AllocatorMode.GROW);
        expect((yield* guest.header(MapType.REQUEST_HEADERS, ":path")).text).toBe("/orders?id=1");
        expect((yield* guest.property("plugin_name")).text).toBe("plugin");
        yield* guest.growMemory(3);
        expect((yield* guest.header(MapType.REQUEST_HEADERS, ":method")).text).toBe("POST");
        expect((yield* guest.pairs(MapType.REQUEST_HEADERS))?.[0]).toEqual([":method", "POST"]);
      },
    });
    const before = instance.allocatedBytes;
    decide();
    expect(instance.allocatedBytes).toBe(before + 7 * PAGE_BYTES);
  });

  it("that the guest refuses, or allocates outside its memory, is INVALID_MEMORY_ACCESS; nothing is written", () => {
    const { decide, instance } = startPuppet(abi, {
      *request_headers(guest) {
        for (const mode of [AllocatorMode.FAIL, AllocatorMode.OUTSIDE]) {
          yield* guest.setAllocator(mode);
          const value = yield* guest.call("proxy_get_header_map_value", MapType.REQUEST_HEADERS, ":path");
          expect(value).toMatchObject({ status: Status.INVALID_MEMORY_ACCESS, outs: [UNTOUCHED, UNTOUCHED] });
          expect(yield* guest.status("proxy_get_property", "plugin_name")).toBe(Status.INVALID_MEMORY_ACCESS);
        }
      },
    });
    expect(decide()).toMatchObject({ kind: "continue" });
    expect(instance.failure).toBeUndefined();
  });

  it("with a trap in the allocator is a trapped filter", () => {
    const { decide, instance } = startPuppet(abi, {
      *request_headers(guest) {
        yield* guest.setAllocator(AllocatorMode.TRAP);
        yield* guest.call("proxy_get_header_map_value", MapType.REQUEST_HEADERS, ":path");
      },
    });
    expect(decide()).toMatchObject({ kind: "failed", reason: "trap" });
    expect(instance.failure).toMatchObject({ reason: "trap" });
  });
});

import { describe, expect, it } from "vitest";
import { createSharedState, HOST_LIMITS } from "../index.ts";
import { ABI_VERSIONS } from "./puppet/abi-table.ts";
import type { Guest, Scripted } from "./puppet/guest.ts";
import { Status } from "./puppet/numbers.ts";
import { ROOT, settled, startPuppet } from "./puppet/start-puppet.ts";

/** Rule 17: shared data and queues. */
describe.each(ABI_VERSIONS)("shared data of a filter of ABI %s", (abi) => {
  const inConfigure = (script: (guest: Guest) => Scripted<void>) =>
    startPuppet(abi, {
      *configure(guest) {
        yield* script(guest);
      },
    });

  it("is read back with its cas, which is never 0", () => {
    inConfigure(function* (guest) {
      expect(yield* guest.status("proxy_set_shared_data", "key", "value", 0)).toBe(Status.OK);
      const answer = yield* guest.ask("proxy_get_shared_data", "key");
      expect(answer).toMatchObject({ status: Status.OK, text: "value" });
      expect(answer.outs[2]).toBeGreaterThan(0);
    });
  });

  it("that was never set is NOT_FOUND", () => {
    inConfigure(function* (guest) {
      expect(yield* guest.status("proxy_get_shared_data", "absent")).toBe(Status.NOT_FOUND);
    });
  });

  it("is replaced with its own cas or with cas 0, and never with another", () => {
    inConfigure(function* (guest) {
      yield* guest.call("proxy_set_shared_data", "key", "1", 0);
      const first = (yield* guest.ask("proxy_get_shared_data", "key")).outs[2] ?? 0;
      expect(yield* guest.status("proxy_set_shared_data", "key", "2", first)).toBe(Status.OK);
      expect(yield* guest.status("proxy_set_shared_data", "key", "3", first)).toBe(Status.CAS_MISMATCH);
      expect((yield* guest.ask("proxy_get_shared_data", "key")).text).toBe("2");
      expect(yield* guest.status("proxy_set_shared_data", "key", "4", 0)).toBe(Status.OK);
      const last = yield* guest.ask("proxy_get_shared_data", "key");
      expect(last.text).toBe("4");
      expect(last.outs[2]).not.toBe(first);
    });
  });

  it("of a missing key may be set with any cas, as in Envoy", () => {
    inConfigure(function* (guest) {
      expect(yield* guest.status("proxy_set_shared_data", "new", "1", 12_345)).toBe(Status.OK);
    });
  });

  it("may be empty, and have non-text keys that differ in one byte", () => {
    inConfigure(function* (guest) {
      expect(yield* guest.status("proxy_set_shared_data", Uint8Array.of(0xff), "a", 0)).toBe(Status.OK);
      expect(yield* guest.status("proxy_set_shared_data", Uint8Array.of(0xfe), "", 0)).toBe(Status.OK);
      expect((yield* guest.ask("proxy_get_shared_data", Uint8Array.of(0xff))).text).toBe("a");
      expect(yield* guest.ask("proxy_get_shared_data", Uint8Array.of(0xfe))).toMatchObject({
        status: Status.OK,
        pointer: 0,
        size: 0,
      });
    });
  });

  it("is shared by filters with one VM id, outlives them, and is hidden from other VM ids", () => {
    const shared = createSharedState();
    const first = startPuppet(
      abi,
      {
        *configure(guest) {
          yield* guest.call("proxy_set_shared_data", "key", "kept", 0);
        },
      },
      { shared },
    );
    first.instance.close();
    for (const [vmId, status] of [
      ["vm", Status.OK],
      ["other", Status.NOT_FOUND],
    ] as const) {
      startPuppet(
        abi,
        {
          *configure(guest) {
            expect((yield* guest.ask("proxy_get_shared_data", "key")).status).toBe(status);
          },
        },
        { shared, options: { vmId } },
      );
    }
  });

  it("is limited: the entry with the oldest write is dropped", () => {
    inConfigure(function* (guest) {
      const size = 1_024 * 1_024;
      const address = yield* guest.filled(size, 0x61);
      const key = yield* guest.place("0");
      for (let index = 0; index <= HOST_LIMITS.sharedDataBytes / size; index++) {
        yield* guest.write(key.address, Uint8Array.of(0x30 + index));
        const set = yield* guest.raw("proxy_set_shared_data", key.address, 1, address, size, 0);
        expect(set.status).toBe(Status.OK);
      }
      expect(yield* guest.status("proxy_get_shared_data", "0")).toBe(Status.NOT_FOUND);
    });
  });
});

describe.each(ABI_VERSIONS)("shared queues of a filter of ABI %s", (abi) => {
  function* register(guest: Guest, name = "queue"): Scripted<number> {
    const answer = yield* guest.call("proxy_register_shared_queue", name);
    expect(answer.status).toBe(Status.OK);
    return answer.outs[0] ?? 0;
  }

  it("are first in, first out; an empty one returns EMPTY", () => {
    startPuppet(abi, {
      *configure(guest) {
        const id = yield* register(guest);
        for (const item of ["a", "b", "c"]) {
          expect(yield* guest.status("proxy_enqueue_shared_queue", id, item)).toBe(Status.OK);
        }
        for (const item of ["a", "b", "c"]) {
          expect(yield* guest.ask("proxy_dequeue_shared_queue", id)).toMatchObject({ status: Status.OK, text: item });
        }
        expect(yield* guest.status("proxy_dequeue_shared_queue", id)).toBe(Status.EMPTY);
      },
    });
  });

  it("have ids above 0, one per name, the same when registered or resolved again", () => {
    startPuppet(abi, {
      *configure(guest) {
        const id = yield* register(guest);
        expect(id).toBeGreaterThan(0);
        expect(yield* register(guest)).toBe(id);
        expect(yield* register(guest, "another")).not.toBe(id);
        expect(yield* guest.call("proxy_resolve_shared_queue", "vm", "queue")).toMatchObject({
          status: Status.OK,
          outs: [id],
        });
      },
    });
  });

  it("that were not registered, here or under that VM id, are NOT_FOUND", () => {
    startPuppet(abi, {
      *configure(guest) {
        yield* register(guest);
        expect(yield* guest.status("proxy_resolve_shared_queue", "vm", "absent")).toBe(Status.NOT_FOUND);
        expect(yield* guest.status("proxy_resolve_shared_queue", "other", "queue")).toBe(Status.NOT_FOUND);
        for (const id of [0, 99, -1]) {
          expect(yield* guest.status("proxy_enqueue_shared_queue", id, "x")).toBe(Status.NOT_FOUND);
          expect(yield* guest.status("proxy_dequeue_shared_queue", id)).toBe(Status.NOT_FOUND);
        }
      },
    });
  });

  it("accept empty messages too", () => {
    startPuppet(abi, {
      *configure(guest) {
        const id = yield* register(guest);
        yield* guest.call("proxy_enqueue_shared_queue", id, "");
        expect(yield* guest.ask("proxy_dequeue_shared_queue", id)).toMatchObject({ status: Status.OK, outs: [0, 0] });
        expect(yield* guest.status("proxy_dequeue_shared_queue", id)).toBe(Status.EMPTY);
      },
    });
  });

  it("report each message to the filter that registered the queue, after the enqueuing callback has returned", async () => {
    const seen: string[] = [];
    const { director } = startPuppet(abi, {
      *configure(guest) {
        const id = yield* register(guest);
        yield* guest.call("proxy_enqueue_shared_queue", id, "a");
        yield* guest.call("proxy_enqueue_shared_queue", id, "b");
        yield* guest.log("configured");
      },
      *queue_ready(guest, _root, id) {
        const message = yield* guest.ask("proxy_dequeue_shared_queue", id);
        yield* guest.log(`ready: ${message.text}`);
        seen.push(message.text);
      },
    });
    await settled();
    expect(director.lines).toEqual(["configured", "ready: a", "ready: b"]);
    expect(director.events.filter((event) => event.startsWith("queue_ready"))).toEqual([
      `queue_ready(${ROOT}, 1)`,
      `queue_ready(${ROOT}, 1)`,
    ]);
  });

  it("connect two filters: one resolves and enqueues, the other is notified", async () => {
    const shared = createSharedState();
    const consumer = startPuppet(
      abi,
      {
        *configure(guest) {
          yield* register(guest);
        },
      },
      { shared, options: { vmId: "consumer" } },
    );
    const producer = startPuppet(
      abi,
      {
        *configure(guest) {
          const { outs } = yield* guest.call("proxy_resolve_shared_queue", "consumer", "queue");
          yield* guest.call("proxy_enqueue_shared_queue", outs[0] ?? 0, "hello");
        },
      },
      { shared, options: { vmId: "producer" } },
    );
    await settled();
    expect(consumer.director.events.at(-1)).toBe(`queue_ready(${ROOT}, 1)`);
    expect(producer.director.events.at(-1)).not.toMatch(/^queue_ready/);
  });

  it("keep messages and ids across a restart, and report the messages to the new instance", async () => {
    const shared = createSharedState();
    const first = startPuppet(
      abi,
      {
        *configure(guest) {
          const id = yield* register(guest);
          yield* guest.call("proxy_enqueue_shared_queue", id, "left behind");
        },
      },
      { shared },
    );
    first.instance.close();
    const second = startPuppet(
      abi,
      {
        *configure(guest) {
          yield* register(guest);
        },
        *queue_ready(guest, _root, id) {
          expect((yield* guest.ask("proxy_dequeue_shared_queue", id)).text).toBe("left behind");
        },
      },
      { shared },
    );
    await settled();
    expect(second.director.events.at(-1)).toBe(`queue_ready(${ROOT}, 1)`);
    expect(first.director.events.at(-1)).toBe("delete(1)");
  });

  it("are limited in number and in bytes", () => {
    startPuppet(abi, {
      *configure(guest) {
        const id = yield* register(guest);
        const size = 512 * 1_024;
        const address = yield* guest.filled(size, 0x61);
        for (let count = 0; count <= HOST_LIMITS.queuedBytes / size; count++) {
          // Beyond the limit the oldest message is dropped.
          expect((yield* guest.raw("proxy_enqueue_shared_queue", id, address, size)).status).toBe(Status.OK);
        }
        const other = yield* register(guest, "other");
        expect((yield* guest.raw("proxy_enqueue_shared_queue", other, address, size)).status).toBe(
          Status.INTERNAL_FAILURE,
        );
        for (let count = 2; count < HOST_LIMITS.sharedQueues; count++) yield* register(guest, `queue ${count}`);
        expect(yield* guest.status("proxy_register_shared_queue", "one more")).toBe(Status.INTERNAL_FAILURE);
      },
    });
  });
});

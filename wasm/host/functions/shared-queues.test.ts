import { describe, expect, it } from "vitest";
import { Status } from "../abi.ts";
import { HOST_LIMITS } from "../host-limits.ts";
import { HostHarness } from "../testing/host-harness.setup.ts";

const ID_AT = 8;

function register(host: HostHarness, name: string): number {
  expect(host.call("proxy_register_shared_queue", [...host.put(name), ID_AT])).toBe(Status.OK);
  return host.u32(ID_AT);
}

function resolve(host: HostHarness, vmId: string, name: string): number | undefined {
  const status = host.call("proxy_resolve_shared_queue", [...host.put(vmId), ...host.put(name), ID_AT]);
  if (status === Status.NOT_FOUND) return undefined;
  expect(status).toBe(Status.OK);
  return host.u32(ID_AT);
}

const enqueue = (host: HostHarness, id: number, message: string): number =>
  host.call("proxy_enqueue_shared_queue", [id, ...host.put(message)]);
const dequeue = (host: HostHarness, id: number) => host.ask("proxy_dequeue_shared_queue", [id]);

describe("a shared queue", () => {
  it("has one id, never 0, for its VM id and name; other filters find it by both", () => {
    const host = new HostHarness();
    const id = register(host, "jobs");
    expect(id).toBeGreaterThan(0);
    expect(register(host, "jobs")).toBe(id);
    expect(register(host, "other")).not.toBe(id);
    expect(resolve(host, "vm", "jobs")).toBe(id);
    expect(resolve(host, "", "jobs")).toBe(id);
    expect(resolve(host, "another vm", "jobs")).toBeUndefined();
    expect(resolve(host, "vm", "absent")).toBeUndefined();
  });

  it("returns messages in order, and EMPTY if there is none", () => {
    const host = new HostHarness();
    const id = register(host, "jobs");
    for (const message of ["one", "", "three"]) expect(enqueue(host, id, message)).toBe(Status.OK);
    expect(dequeue(host, id).text).toBe("one");
    expect(dequeue(host, id)).toMatchObject({ status: Status.OK, text: "", pointer: 0 });
    expect(dequeue(host, id).text).toBe("three");
    expect(dequeue(host, id).status).toBe(Status.EMPTY);
  });

  it("that was never registered is NOT_FOUND", () => {
    const host = new HostHarness();
    for (const id of [0, 1, -1]) {
      expect(enqueue(host, id, "x")).toBe(Status.NOT_FOUND);
      expect(dequeue(host, id).status).toBe(Status.NOT_FOUND);
    }
  });

  it("keeps a message that could not be returned", () => {
    const host = new HostHarness();
    const id = register(host, "jobs");
    enqueue(host, id, "one");
    expect(host.call("proxy_dequeue_shared_queue", [id, -1, 0])).toBe(Status.INVALID_MEMORY_ACCESS);
    expect(dequeue(host, id).text).toBe("one");
  });

  it("cannot be used with addresses outside memory", () => {
    const host = new HostHarness();
    const id = register(host, "jobs");
    const name = host.put("jobs");
    expect(host.call("proxy_register_shared_queue", [-1, 4, ID_AT])).toBe(Status.INVALID_MEMORY_ACCESS);
    expect(host.call("proxy_register_shared_queue", [...name, -1])).toBe(Status.INVALID_MEMORY_ACCESS);
    expect(host.call("proxy_resolve_shared_queue", [-1, 4, ...name, ID_AT])).toBe(Status.INVALID_MEMORY_ACCESS);
    expect(host.call("proxy_resolve_shared_queue", [0, 0, -1, 4, ID_AT])).toBe(Status.INVALID_MEMORY_ACCESS);
    expect(host.call("proxy_resolve_shared_queue", [0, 0, ...name, -1])).toBe(Status.INVALID_MEMORY_ACCESS);
    expect(host.call("proxy_enqueue_shared_queue", [id, 65_530, 8])).toBe(Status.INVALID_MEMORY_ACCESS);
    expect(dequeue(host, id).status).toBe(Status.EMPTY);
  });

  it("is not created beyond the limit, while existing ones stay", () => {
    const host = new HostHarness();
    for (let index = 0; index < HOST_LIMITS.sharedQueues; index++) register(host, `q${index}`);
    expect(host.call("proxy_register_shared_queue", [...host.put("more"), ID_AT])).toBe(Status.INTERNAL_FAILURE);
    expect(register(host, "q7")).toBe(8);
  });

  it("drops the oldest message for a new one when it is full", () => {
    const host = new HostHarness();
    const id = register(host, "jobs");
    for (let index = 0; index < HOST_LIMITS.queuedMessages; index++) {
      host.call("proxy_enqueue_shared_queue", [id, 0, 0]);
    }
    expect(enqueue(host, id, "one more")).toBe(Status.OK);
    host.memory.grow(64);
    const other = register(host, "other");
    expect(host.call("proxy_enqueue_shared_queue", [other, 0, HOST_LIMITS.queuedBytes + 1])).toBe(
      Status.INTERNAL_FAILURE,
    );
    expect(host.call("proxy_enqueue_shared_queue", [other, 0, HOST_LIMITS.queuedBytes])).toBe(Status.INTERNAL_FAILURE);
    expect(host.call("proxy_enqueue_shared_queue", [other, 0, HOST_LIMITS.queuedBytes - 8])).toBe(Status.OK);
  });
});

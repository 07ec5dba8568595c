import { describe, expect, it } from "vitest";
import { FilterInstance, FilterStartError, type FilterStartReason } from "../index.ts";
import { FakeServices, START } from "../testing/fake-services.setup.ts";
import { ODD_MODULES } from "./guests.ts";
import { ABI_VERSIONS } from "./puppet/abi-table.ts";
import { returning, type Script } from "./puppet/director.ts";
import { BufferType, Status } from "./puppet/numbers.ts";
import { FIRST_STREAM, failingStart, REQUEST, ROOT, startPuppet } from "./puppet/start-puppet.ts";

/** Rules 1 (start), 2 (plugin_root_id), 3 (ids) and the configurations of rule 16. */
describe.each(ABI_VERSIONS)("the start of a filter of ABI %s", (abi) => {
  it("runs _initialize, main, then creates the root, starts the VM and configures the plugin", () => {
    const { instance, director } = startPuppet(abi);
    expect(director.events).toEqual([
      "_initialize()",
      "main(0, 0)",
      "context_create(1, 0)",
      "vm_start(1, 16)",
      "configure(1, 20)",
    ]);
    expect(instance.abiVersion).toBe(abi);
  });

  it("is refused when on_vm_start returns false, and on_configure is not called", () => {
    const { director, start } = failingStart(abi, {
      vm_start: returning(0),
    });
    expect(start).toThrow(expect.objectContaining({ reason: "vm_start_refused" }));
    expect(director.events.at(-1)).toBe("vm_start(1, 16)");
  });

  it("is refused when on_configure returns false", () => {
    const { start } = failingStart(abi, {
      configure: returning(0),
    });
    expect(start).toThrow(expect.objectContaining({ reason: "configure_refused" }));
  });

  it.each(["_initialize", "main", "context_create", "vm_start", "configure"] as const)(
    "is refused when the filter traps in %s",
    (callback) => {
      const trap: Script = (guest) => guest.trap();
      const { start } = failingStart(abi, { [callback]: trap });
      expect(start).toThrow(expect.objectContaining({ reason: "trap_at_start" }));
    },
  );

  it("lets the root read plugin_root_id, plugin_name and plugin_vm_id while it is created", () => {
    const seen: string[] = [];
    startPuppet(abi, {
      *context_create(guest) {
        for (const name of ["plugin_root_id", "plugin_name", "plugin_vm_id"]) {
          seen.push((yield* guest.property(name)).text);
        }
      },
    });
    expect(seen).toEqual(["root", "plugin", "vm"]);
  });

  it("makes the VM configuration readable at any time, the plugin's only until it is configured", () => {
    const { decide } = startPuppet(abi, {
      *context_create(guest, _id, parent) {
        if (parent !== 0) return;
        expect((yield* guest.buffer(BufferType.PLUGIN_CONFIGURATION)).text).toBe("plugin configuration");
      },
      *vm_start(guest) {
        expect((yield* guest.buffer(BufferType.VM_CONFIGURATION)).text).toBe("vm configuration");
      },
      *configure(guest) {
        expect((yield* guest.buffer(BufferType.VM_CONFIGURATION)).text).toBe("vm configuration");
        expect((yield* guest.buffer(BufferType.PLUGIN_CONFIGURATION)).text).toBe("plugin configuration");
      },
      *request_headers(guest) {
        expect((yield* guest.buffer(BufferType.VM_CONFIGURATION)).text).toBe("vm configuration");
        expect((yield* guest.buffer(BufferType.PLUGIN_CONFIGURATION)).status).toBe(Status.NOT_FOUND);
      },
    });
    decide();
  });

  it("returns empty configurations as zero bytes", () => {
    const none = new Uint8Array(0);
    const { director } = startPuppet(
      abi,
      {
        *configure(guest) {
          expect(yield* guest.buffer(BufferType.PLUGIN_CONFIGURATION)).toMatchObject({
            status: Status.OK,
            outs: [0, 0],
          });
        },
      },
      { options: { vmConfiguration: none, pluginConfiguration: none } },
    );
    expect(director.events.slice(-2)).toEqual(["vm_start(1, 0)", "configure(1, 0)"]);
  });

  it("numbers root and streams with one counter, and reuses no id during the instance's life", async () => {
    const { instance, director } = startPuppet(abi, {
      request_headers: returning(1),
    });
    director.clear();
    const waiting = [0, 1, 2].map(() => instance.decide(REQUEST));
    const created = director.events.filter((event) => event.startsWith("context_create"));
    expect(created).toEqual([2, 3, 4].map((id) => `context_create(${id}, ${ROOT})`));
    instance.close();
    for (const decision of waiting) expect(await decision).toMatchObject({ kind: "failed", reason: "closed" });
  });

  it("lets the root make outbound calls, get ticks and keep state before the first request", () => {
    const { instance } = startPuppet(abi, {
      *configure(guest) {
        expect(yield* guest.httpCall()).toBeGreaterThan(0);
        expect(yield* guest.status("proxy_set_tick_period_milliseconds", 250)).toBe(Status.OK);
        expect(yield* guest.status("proxy_set_shared_data", "key", "value", 0)).toBe(Status.OK);
      },
    });
    expect([instance.pendingCalls, instance.tickPeriodMs]).toEqual([1, 250]);
  });

  it("lists unknown imports, and succeeds anyway", () => {
    const { instance, decide } = startPuppet(abi, {
      *request_headers(guest) {
        expect(yield* guest.status("proxy_get_secret", "name")).toBe(Status.UNIMPLEMENTED);
        expect(yield* guest.status("envoy_resolve_dns", "example.com", 0)).toBe(Status.UNIMPLEMENTED);
      },
    });
    expect(instance.unknownImports).toContain("env.proxy_get_secret");
    expect(decide()).toMatchObject({ kind: "continue" });
  });
});

describe("the start of a command (only _start and malloc, WASI by its old name)", () => {
  it("runs _start, calls no missing callback, and decides", () => {
    const { director, decide } = startPuppet(
      "0.2.1",
      {
        *request_headers(guest) {
          const path = yield* guest.header(0, ":path");
          expect(path.text).toBe("/orders?id=1");
          expect(yield* guest.allocations()).toEqual([{ size: path.size, pointer: path.pointer }]);
        },
      },
      { command: true },
    );
    expect(director.events).toEqual(["_start()"]);
    expect(decide()).toMatchObject({ kind: "continue" });
    expect(director.events).toEqual(["_start()", `request_headers(${FIRST_STREAM}, 5, 0)`]);
  });
});

describe("a module that is not a filter, or fails to start", () => {
  const start = (module: WebAssembly.Module, services = new FakeServices()): FilterInstance =>
    FilterInstance.start(module, services, START);

  it.each<[keyof typeof ODD_MODULES, FilterStartReason]>([
    ["noAbiVersion", "no_abi_version"],
    ["unknownAbi", "unknown_abi"],
    ["noMemory", "no_memory"],
    ["noAllocator", "no_allocator"],
    ["memoryOf64Bits", "no_memory"],
    ["memoryOf4Gib", "memory_too_large"],
    ["importedMemory", "unsupported_import"],
    ["trapInStartSection", "trap_at_start"],
    ["recursionInStartSection", "trap_at_start"],
    ["trapInStart", "trap_at_start"],
    ["trapInInitialize", "trap_at_start"],
    ["trapInVmStart", "trap_at_start"],
    ["trapInConfigure", "trap_at_start"],
    ["exit1InStart", "exit_at_start"],
  ])("(%s) is refused with the reason %s", (name, reason) => {
    expect(() => start(ODD_MODULES[name])).toThrow(FilterStartError);
    expect(() => start(ODD_MODULES[name])).toThrow(expect.objectContaining({ reason }));
  });

  it.each(["exit0InStart", "exit0InInitialize"] as const)("(%s) but exits with code 0 keeps serving", (name) => {
    expect(start(ODD_MODULES[name]).decide(REQUEST)).toMatchObject({ kind: "continue" });
  });

  it("but calls the host from its start section, before its memory is attached, starts", () => {
    expect(start(ODD_MODULES.logsInStartSection).decide(REQUEST)).toMatchObject({ kind: "continue" });
  });

  it("but has __main_void instead of main runs it after _initialize", () => {
    const services = new FakeServices();
    start(ODD_MODULES.mainVoid, services);
    expect(services.lines).toEqual(["abs", "ent"]);
  });

  it("but declares two versions is used with the newer one", () => {
    const instance = start(ODD_MODULES.twoAbis);
    expect(instance.abiVersion).toBe("0.2.1");
    expect(instance.decide(REQUEST)).toMatchObject({ kind: "continue" });
    expect(instance.failure).toBeUndefined();
  });
});

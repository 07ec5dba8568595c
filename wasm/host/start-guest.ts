import type { GuestFunction } from "./callback-scope.ts";
import { callbacksOf, exportedFunction } from "./callbacks.ts";
import { FilterStartError, GuestExit } from "./failures.ts";
import { handoverFunctionsOf } from "./handover-functions.ts";
import { HOST_LIMITS } from "./host-limits.ts";
import { importsFor } from "./imports.ts";
import type { ModuleShape } from "./module-shape.ts";
import type { Vm } from "./vm.ts";

/**
 * Starts a guest in the same order as Envoy's host: instantiate; `_initialize` and `main`, else `_start`; create the root
 * context; `on_vm_start`; `on_configure`.
 * @throws FilterStartError; the caller must then release the VM
 */
export function startGuest(vm: Vm, module: WebAssembly.Module, shape: ModuleShape): void {
  const { exports } = instantiate(vm, module, importsFor(vm, shape.imports));

  const allocator = exportedFunction(exports, shape.allocator);
  if (allocator === undefined) throw new FilterStartError("no_allocator", `${shape.allocator} is not a function`);
  const memory = usableMemory(exports);
  vm.memory.attach(memory, allocator);
  vm.options.memoryWatch?.began(memory.buffer.byteLength, (registry, heldValue) =>
    registry.register(memory, heldValue),
  );
  vm.callbacks = callbacksOf(exports);
  vm.handover = handoverFunctionsOf(exports);

  runEntryPoints(vm, exports);
  configure(vm);
}

/** The guest's linear memory, if the host can use it. */
function usableMemory({ memory }: WebAssembly.Exports): WebAssembly.Memory {
  // A shared memory does not detach its views when it grows, and its bytes can change while they are checked.
  if (!(memory instanceof WebAssembly.Memory) || !(memory.buffer instanceof ArrayBuffer)) {
    throw new FilterStartError("no_memory", 'the export "memory" is not a plain (unshared) linear memory');
  }
  if (has64BitAddresses(memory)) {
    throw new FilterStartError("no_memory", "the memory has 64-bit addresses, the ABI 32-bit ones: build for wasm32");
  }
  const { byteLength } = memory.buffer;
  if (byteLength > HOST_LIMITS.startMemoryBytes) {
    const message = `the filter starts with ${byteLength} bytes of memory; at most ${HOST_LIMITS.startMemoryBytes}`;
    throw new FilterStartError("memory_too_large", message);
  }
  return memory;
}

/** Such a memory accepts only a BigInt in `grow`. Growing by 0 tests this without changing anything. */
function has64BitAddresses(memory: WebAssembly.Memory): boolean {
  try {
    memory.grow(0);
    return false;
  } catch (error) {
    return error instanceof TypeError;
  }
}

function instantiate(vm: Vm, module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Instance {
  let instance: WebAssembly.Instance | undefined;
  try {
    // Old AssemblyScript builds run their program in the start section. It may call the host, so it needs a scope.
    vm.scope.run(vm.root, () => {
      instance = new WebAssembly.Instance(module, imports);
    });
  } catch (error) {
    if (isOfEngine(error)) throw new FilterStartError("instantiation_failed", error.message);
    vm.fail(error);
    throw startFailure(vm, "the start section");
  }
  if (instance === undefined) throw new FilterStartError("instantiation_failed", "the engine made no instance");
  return instance;
}

/** True if the engine could not link or reserve memory. Otherwise the start section failed, by a stack overflow for example. */
function isOfEngine(error: unknown): error is Error {
  return error instanceof Error && error.message.startsWith("WebAssembly.");
}

function runEntryPoints(vm: Vm, exports: WebAssembly.Exports): void {
  const initialize = exportedFunction(exports, "_initialize");
  if (initialize === undefined) {
    runProgram(vm, exportedFunction(exports, "_start"), "_start");
    return;
  }
  runProgram(vm, initialize, "_initialize");
  runProgram(vm, exportedFunction(exports, "main") ?? exportedFunction(exports, "__main_void"), "main");
}

/** Runs part of the guest's own program, which may exit with code 0. */
function runProgram(vm: Vm, entry: GuestFunction | undefined, name: string): void {
  if (entry === undefined) return;
  const result = vm.call(vm.root, (a, b) => {
    try {
      return entry(a, b);
    } catch (error) {
      if (error instanceof GuestExit && error.code === 0) return 0;
      throw error;
    }
  });
  if (result === undefined) throw startFailure(vm, name);
}

function configure(vm: Vm): void {
  const { callbacks, root, options } = vm;
  const run = (callback: GuestFunction | undefined, name: string, parameter: number): number => {
    if (callback === undefined) return 1;
    const result = vm.call(root, callback, root.id, parameter);
    if (result === undefined) throw startFailure(vm, name);
    return result;
  };

  vm.stage = "creating_root";
  run(callbacks.proxy_on_context_create, "proxy_on_context_create", 0);
  vm.stage = "vm_start";
  if (run(callbacks.proxy_on_vm_start, "proxy_on_vm_start", options.vmConfiguration.length) === 0) {
    throw new FilterStartError("vm_start_refused", "proxy_on_vm_start returned false: see the filter's log");
  }
  vm.stage = "configure";
  if (run(callbacks.proxy_on_configure, "proxy_on_configure", options.pluginConfiguration.length) === 0) {
    throw new FilterStartError("configure_refused", "proxy_on_configure returned false: see the filter's log");
  }
  vm.stage = "running";
}

function startFailure(vm: Vm, during: string): FilterStartError {
  const reason = vm.failure?.reason === "proc_exit" ? "exit_at_start" : "trap_at_start";
  return new FilterStartError(reason, `${vm.failure?.message ?? "the filter failed"} (in ${during})`);
}

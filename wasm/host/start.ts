import type { GuestFunction } from "./callback-scope.ts";
import { callbacksOf, exportedFunction } from "./callbacks.ts";
import { FilterStartError, GuestExit } from "./failures.ts";
import { importsFor } from "./imports.ts";
import type { ModuleShape } from "./module-shape.ts";
import type { Vm } from "./vm.ts";

/**
 * Brings a guest to life in the order of Envoy's host: instantiate; `_initialize` and `main`, else `_start`; create the
 * root context; `on_vm_start`; `on_configure`.
 * @throws FilterStartError; the caller then releases the VM
 */
export function startGuest(vm: Vm, module: WebAssembly.Module, shape: ModuleShape): void {
  const { exports } = instantiate(vm, module, importsFor(vm, shape.imports));

  const memory: unknown = exports.memory;
  const allocator = exportedFunction(exports, shape.allocator);
  // A shared memory does not detach its views on growth, and its bytes can change while they are checked.
  if (!(memory instanceof WebAssembly.Memory) || !(memory.buffer instanceof ArrayBuffer) || allocator === undefined) {
    throw new FilterStartError("no_memory", 'the export "memory" is not a plain (unshared) linear memory');
  }
  vm.memory.attach(memory, allocator);
  vm.callbacks = callbacksOf(exports);

  runEntryPoints(vm, exports);
  configure(vm);
}

function instantiate(vm: Vm, module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Instance {
  let instance: WebAssembly.Instance | undefined;
  try {
    // Old AssemblyScript builds run their program in the start section: it may call the host, so it has a scope.
    vm.scope.run(vm.root, () => {
      instance = new WebAssembly.Instance(module, imports);
    });
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError || error instanceof GuestExit) {
      vm.fail(error);
      throw startFailure(vm, "the start section");
    }
    throw new FilterStartError("instantiation_failed", error instanceof Error ? error.message : String(error));
  }
  if (instance === undefined) throw new FilterStartError("instantiation_failed", "the engine made no instance");
  return instance;
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

/** Runs part of the guest's own program, which may end itself with success. */
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

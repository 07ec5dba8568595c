import { PROXY_MODULE, WASI_MODULES } from "./function-catalog.ts";
import { bufferFunctions } from "./functions/buffers.ts";
import { clockFunctions } from "./functions/clock.ts";
import { contextFunctions } from "./functions/context.ts";
import { foreignFunctions } from "./functions/foreign.ts";
import { grpcFunctions, unimplemented } from "./functions/grpc.ts";
import { headerFunctions } from "./functions/headers.ts";
import type { HostFunctions } from "./functions/host-function.ts";
import { httpCallFunctions } from "./functions/http-call.ts";
import { localResponseFunctions } from "./functions/local-response.ts";
import { logFunctions } from "./functions/log.ts";
import { metricFunctions } from "./functions/metrics.ts";
import { platformFunctions } from "./functions/platform.ts";
import { propertyFunctions } from "./functions/properties.ts";
import { sharedDataFunctions } from "./functions/shared-data.ts";
import { sharedQueueFunctions } from "./functions/shared-queues.ts";
import { tickFunctions } from "./functions/tick.ts";
import { wasiFunctions, wasiNoSystem } from "./functions/wasi.ts";
import { observed } from "./observed-calls.ts";
import type { Vm } from "./vm.ts";

type GuestImports = Record<string, Record<string, WebAssembly.ImportValue>>;

/** The imports a module asks for, created per instance. An unknown function never stops a filter from starting. */
export function importsFor(vm: Vm, wanted: readonly WebAssembly.ModuleImportDescriptor[]): GuestImports {
  const proxy = proxyFunctions(vm);
  const wasi = wasiFunctions(vm);
  // No prototypes: a module may import from "__proto__".
  const imports: GuestImports = Object.create(null);
  for (const { module, name } of wanted) {
    const isWasi = WASI_MODULES.includes(module);
    const known = isWasi ? wasi : module === PROXY_MODULE ? proxy : {};
    const ofModule: Record<string, WebAssembly.ImportValue> = imports[module] ?? Object.create(null);
    imports[module] = ofModule;
    const host = Object.hasOwn(known, name) ? known[name]! : isWasi ? wasiNoSystem : unimplemented(vm, name);
    ofModule[name] = observed(vm, module, name, host);
  }
  return imports;
}

function proxyFunctions(vm: Vm): HostFunctions {
  return {
    ...logFunctions(vm),
    ...clockFunctions(vm),
    ...contextFunctions(vm),
    ...bufferFunctions(vm),
    ...headerFunctions(vm),
    ...propertyFunctions(vm),
    ...httpCallFunctions(vm),
    ...localResponseFunctions(vm),
    ...sharedDataFunctions(vm),
    ...metricFunctions(vm),
    ...tickFunctions(vm),
    ...sharedQueueFunctions(vm),
    ...foreignFunctions(vm),
    ...grpcFunctions(vm),
    ...platformFunctions(),
  };
}

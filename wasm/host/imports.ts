import { bufferFunctions } from "./functions/buffers.ts";
import { clockFunctions } from "./functions/clock.ts";
import { contextFunctions } from "./functions/context.ts";
import { headerFunctions } from "./functions/headers.ts";
import type { HostFunctions } from "./functions/host-function.ts";
import { httpCallFunctions } from "./functions/http-call.ts";
import { localResponseFunctions } from "./functions/local-response.ts";
import { logFunctions } from "./functions/log.ts";
import { metricFunctions } from "./functions/metrics.ts";
import { propertyFunctions } from "./functions/properties.ts";
import { sharedDataFunctions } from "./functions/shared-data.ts";
import { stubFunctions, unimplemented } from "./functions/stubs.ts";
import { tickFunctions } from "./functions/tick.ts";
import { WASI_MODULES, wasiFunctions, wasiNoSystem } from "./functions/wasi.ts";
import type { Vm } from "./vm.ts";

/** The module under which guests import the functions of Proxy-Wasm. */
const PROXY_MODULE = "env";

interface GuestImports {
  readonly imports: Record<string, Record<string, WebAssembly.ImportValue>>;
  /** Functions the guest imports that no ABI version knows, as `module.name`. They answer UNIMPLEMENTED (WASI: ENOSYS). */
  readonly unknown: string[];
}

/** What the module asks for, made once for each instance. An unknown function never stops a filter from starting. */
export function importsFor(vm: Vm, wanted: readonly WebAssembly.ModuleImportDescriptor[]): GuestImports {
  const proxy = proxyFunctions(vm);
  const wasi = wasiFunctions(vm);
  // Without prototypes: a module may well import from "__proto__".
  const imports: GuestImports["imports"] = Object.create(null);
  const unknown: string[] = [];
  for (const { module, name } of wanted) {
    const isWasi = WASI_MODULES.includes(module);
    const known = isWasi ? wasi : module === PROXY_MODULE ? proxy : {};
    const ofModule: Record<string, WebAssembly.ImportValue> = imports[module] ?? Object.create(null);
    imports[module] = ofModule;
    if (Object.hasOwn(known, name)) {
      ofModule[name] = known[name]!;
    } else {
      unknown.push(`${module}.${name}`);
      ofModule[name] = isWasi ? wasiNoSystem : unimplemented;
    }
  }
  return { imports, unknown };
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
    ...stubFunctions(),
  };
}

import type { Vm } from "./vm.ts";

/** Functions whose first two parameters are the address and size of the name that they ask for. */
const NAMING_FUNCTIONS: ReadonlySet<string> = new Set(["proxy_get_property", "proxy_call_foreign_function"]);

type Imported = (...args: never[]) => number | string;

/** A host function that reports each of its calls, if the embedder wants to know of them. */
export function observed(vm: Vm, module: string, name: string, host: Imported): Imported {
  const { services } = vm;
  if (services.hostCalled === undefined) return host;
  return (...args) => {
    const result = host(...args);
    const asked = NAMING_FUNCTIONS.has(name) ? vm.memory.readText(Number(args[0]), Number(args[1])) : undefined;
    services.hostCalled?.(module, name, Number(result), asked);
    return result;
  };
}

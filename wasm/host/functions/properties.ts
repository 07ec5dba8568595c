import { Status } from "../abi.ts";
import type { Context } from "../contexts.ts";
import { HOST_LIMITS } from "../host-limits.ts";
import { bytesOf, propertyOf } from "../properties.ts";
import type { Vm } from "../vm.ts";
import type { HostFunctions } from "./host-function.ts";

export function propertyFunctions(vm: Vm): HostFunctions {
  return {
    proxy_get_property(pathPointer: number, pathSize: number, pointerOut: number, sizeOut: number): Status {
      if (!vm.memory.holds(pathPointer, pathSize)) return Status.INVALID_MEMORY_ACCESS;
      const path = vm.memory.readText(pathPointer, pathSize);
      // No property has such a long path.
      if (path === undefined) return Status.NOT_FOUND;
      const value = propertyOf(vm, dottedPath(path));
      if (value === undefined) return Status.NOT_FOUND;
      if (typeof value === "string") return vm.memory.returnText(value, pointerOut, sizeOut);
      return vm.memory.returnBytes(bytesOf(value), pointerOut, sizeOut);
    },

    /** Kept for the life of the context. It can be read back, but does not hide the host's own properties. */
    proxy_set_property(pathPointer: number, pathSize: number, valuePointer: number, valueSize: number): Status {
      const path = vm.memory.readText(pathPointer, pathSize);
      if (path === undefined || !vm.memory.holds(valuePointer, valueSize)) return Status.INVALID_MEMORY_ACCESS;
      if (valueSize >>> 0 > HOST_LIMITS.propertyBytesPerContext) return Status.BAD_ARGUMENT;
      const value = vm.memory.readBytes(valuePointer, valueSize);
      const context = vm.scope.context;
      if (value === undefined || context === undefined) return Status.INVALID_MEMORY_ACCESS;
      const dotted = dottedPath(path);
      if (dotted === RESTART_PROPERTY && isTrue(value)) vm.restartWanted = true;
      return setProperty(vm, context, dotted, value) ? Status.OK : Status.BAD_ARGUMENT;
    },
  };
}

/** By this property filters of Higress ask for a fresh instance, because they have served many requests or use much memory. */
const RESTART_PROPERTY = "wasm_need_rebuild";

function isTrue(value: Uint8Array): boolean {
  return value.length === 4 && new TextDecoder().decode(value) === "true";
}

/** Filters ask for the same few paths with every request. */
const dottedPaths = new Map<string, string>();
const KNOWN_PATHS = 64;

/** NUL separates the segments; some SDKs end the last one with a NUL too. */
function dottedPath(path: string): string {
  const known = dottedPaths.get(path);
  if (known !== undefined) return known;
  const dotted = (path.endsWith("\0") ? path.slice(0, -1) : path).replaceAll("\0", ".");
  if (dottedPaths.size < KNOWN_PATHS) dottedPaths.set(path, dotted);
  return dotted;
}

/** False if a limit would be exceeded. */
function setProperty(vm: Vm, context: Context, path: string, value: Uint8Array): boolean {
  context.properties ??= new Map();
  const old = context.properties.get(path);
  const added = value.length + (old === undefined ? path.length : -old.length);
  const bytes = context.propertyBytes + added;
  if (bytes > HOST_LIMITS.propertyBytesPerContext) return false;
  if (added > 0 && vm.propertyBytes + added > HOST_LIMITS.propertyBytes) return false;
  if (old === undefined && context.properties.size >= HOST_LIMITS.propertiesPerContext) return false;
  context.propertyBytes = bytes;
  vm.propertyBytes += added;
  context.properties.set(path, value);
  return true;
}

import { Status } from "../abi.ts";
import type { Context, StreamContext } from "../contexts.ts";
import { encodeHeaderMap } from "../header-codec.ts";
import { lowerCaseName, requestName } from "../header-rules.ts";
import { HOST_LIMITS } from "../limits.ts";
import type { Vm } from "../vm.ts";
import type { HostFunctions } from "./host-function.ts";

/** A property's value. Texts are returned in UTF-8, whole numbers as i64, others as f64, booleans as one byte. */
type PropertyValue = string | number | boolean | Uint8Array;

const REQUEST_HEADER_PREFIX = "request.headers.";

/** Attributes of a request (Envoy's names) that come from one header. */
const HEADER_ATTRIBUTES: ReadonlyMap<string, string> = new Map([
  ["request.path", ":path"],
  ["request.host", ":authority"],
  ["request.scheme", ":scheme"],
  ["request.method", ":method"],
  ["request.referer", "referer"],
  ["request.useragent", "user-agent"],
  ["request.id", "x-request-id"],
]);

/** Older names for the same attribute. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["route_name", "xds.route_name"],
  ["cluster_name", "xds.cluster_name"],
]);

export function propertyFunctions(vm: Vm): HostFunctions {
  return {
    proxy_get_property(pathPointer: number, pathSize: number, pointerOut: number, sizeOut: number): Status {
      const path = vm.memory.readText(pathPointer, pathSize);
      if (path === undefined) return Status.INVALID_MEMORY_ACCESS;
      const value = propertyOf(vm, dottedPath(path));
      if (value === undefined) return Status.NOT_FOUND;
      if (typeof value === "string") return vm.memory.returnText(value, pointerOut, sizeOut);
      return vm.memory.returnBytes(bytesOf(value), pointerOut, sizeOut);
    },

    /** Kept for the life of the context. It can be read back, but hides nothing the host itself answers. */
    proxy_set_property(pathPointer: number, pathSize: number, valuePointer: number, valueSize: number): Status {
      const path = vm.memory.readText(pathPointer, pathSize);
      if (path === undefined || !vm.memory.holds(valuePointer, valueSize)) return Status.INVALID_MEMORY_ACCESS;
      if (valueSize >>> 0 > HOST_LIMITS.propertyBytesPerContext) return Status.BAD_ARGUMENT;
      const value = vm.memory.readBytes(valuePointer, valueSize);
      const context = vm.scope.context;
      if (value === undefined || context === undefined) return Status.INVALID_MEMORY_ACCESS;
      return setProperty(context, dottedPath(path), value) ? Status.OK : Status.BAD_ARGUMENT;
    },
  };
}

/** Segments are separated by NUL; some SDKs end the last one with a NUL too. */
function dottedPath(path: string): string {
  return (path.endsWith("\0") ? path.slice(0, -1) : path).replaceAll("\0", ".");
}

function propertyOf(vm: Vm, path: string): PropertyValue | undefined {
  const context = vm.scope.context;
  const known = vm.stream === undefined ? undefined : streamProperty(vm.stream, ALIASES.get(path) ?? path);
  return known ?? pluginProperty(vm, path) ?? context?.properties?.get(path);
}

/** What the embedder hands in comes first: it may know better than the headers say. */
function streamProperty(stream: StreamContext, path: string): PropertyValue | undefined {
  const { attributes, requestHeaders } = stream;
  if (attributes !== undefined && Object.hasOwn(attributes, path)) return attributes[path];
  if (!path.startsWith("request.")) return undefined;
  const header = HEADER_ATTRIBUTES.get(path);
  if (header !== undefined) return requestHeaders.get(header);
  if (path.startsWith(REQUEST_HEADER_PREFIX)) {
    return requestHeaders.get(requestName(lowerCaseName(path.slice(REQUEST_HEADER_PREFIX.length))));
  }
  switch (path) {
    case "request.url_path":
      return requestHeaders.get(":path")?.split("?", 1)[0];
    case "request.query": {
      const target = requestHeaders.get(":path") ?? "";
      const mark = target.indexOf("?");
      return mark < 0 ? "" : target.slice(mark + 1);
    }
    case "request.headers":
      return encodeHeaderMap(requestHeaders.entries);
    case "request.size": {
      const length = requestHeaders.get("content-length");
      return length === undefined ? undefined : Number(length);
    }
    case "request.time":
      return timestamp(stream.startedMs);
    default:
      return undefined;
  }
}

function pluginProperty(vm: Vm, path: string): PropertyValue | undefined {
  switch (path) {
    case "plugin_name":
      return vm.options.pluginName;
    case "plugin_root_id":
      return vm.options.rootId;
    case "plugin_vm_id":
      return vm.options.vmId;
    case "plugin_vm_memory":
      return vm.memory.byteLength;
    default:
      return undefined;
  }
}

/** False if a limit would be passed. */
function setProperty(context: Context, path: string, value: Uint8Array): boolean {
  context.properties ??= new Map();
  const old = context.properties.get(path);
  const bytes = context.propertyBytes + value.length + (old === undefined ? path.length : -old.length);
  if (bytes > HOST_LIMITS.propertyBytesPerContext) return false;
  if (old === undefined && context.properties.size >= HOST_LIMITS.propertiesPerContext) return false;
  context.propertyBytes = bytes;
  context.properties.set(path, value);
  return true;
}

/** Nanoseconds since 1970 as i64. */
function timestamp(ms: number): Uint8Array {
  return int64(BigInt(Math.floor(ms)) * 1_000_000n);
}

function int64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, value, true);
  return bytes;
}

function bytesOf(value: Exclude<PropertyValue, string>): Uint8Array {
  if (typeof value === "boolean") return Uint8Array.of(value ? 1 : 0);
  if (typeof value !== "number") return value;
  if (Number.isInteger(value)) return int64(BigInt(value));
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return bytes;
}

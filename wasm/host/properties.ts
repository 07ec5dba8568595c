import type { StreamContext } from "./contexts.ts";
import { encodeHeaderMap } from "./header-codec.ts";
import { lowerCaseName, requestName } from "./header-rules.ts";
import type { HeaderTable } from "./header-table.ts";
import type { Message } from "./message.ts";
import type { Vm } from "./vm.ts";

/** A property's value. Text is returned as UTF-8, integers as i64, other numbers as f64, booleans as one byte. */
export type PropertyValue = string | number | boolean | Uint8Array;

/** Request attributes (Envoy's names) that come from one header. */
const REQUEST_HEADER_ATTRIBUTES: ReadonlyMap<string, string> = new Map([
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
  ["listener_direction", "xds.listener_direction"],
  ["connection_id", "connection.id"],
]);

/**
 * The value of a property (Envoy's attributes by dotted path) in the guest's current context, or undefined. The embedder's
 * attributes of the request come first: they may be more accurate than the headers. What the embedder says of all requests
 * comes after what the host knows, and properties set by the guest come last.
 */
export function propertyOf(vm: Vm, path: string): PropertyValue | undefined {
  const known = vm.stream === undefined ? undefined : streamProperty(vm, vm.stream, ALIASES.get(path) ?? path);
  return known ?? pluginProperty(vm, path) ?? givenProperty(vm, path) ?? vm.scope.context?.properties?.get(path);
}

/** Envoy has the names of its control plane with and without `xds.` before them; the embedder need give one of them. */
function givenProperty({ options: { properties } }: Vm, path: string): PropertyValue | undefined {
  if (properties === undefined) return undefined;
  return properties.get(path) ?? properties.get(path.startsWith("xds.") ? path.slice(4) : `xds.${path}`);
}

/** The bytes of a value that is not text. */
export function bytesOf(value: Exclude<PropertyValue, string>): Uint8Array {
  if (typeof value === "boolean") return Uint8Array.of(value ? 1 : 0);
  if (typeof value !== "number") return value;
  if (Number.isInteger(value)) return int64(BigInt(value));
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return bytes;
}

function streamProperty(vm: Vm, stream: StreamContext, path: string): PropertyValue | undefined {
  const { attributes } = stream;
  if (attributes !== undefined && Object.hasOwn(attributes, path)) return attributes[path];
  if (path.startsWith("request.")) return requestProperty(vm, stream, path);
  return path.startsWith("response.") ? responseProperty(stream, path) : undefined;
}

function requestProperty(vm: Vm, stream: StreamContext, path: string): PropertyValue | undefined {
  const { request } = stream;
  const { headers } = request;
  const header = REQUEST_HEADER_ATTRIBUTES.get(path);
  if (header !== undefined) return headers.get(header);
  switch (path) {
    case "request.url_path":
      return headers.get(":path")?.split("?", 1)[0];
    case "request.query": {
      const target = headers.get(":path") ?? "";
      const mark = target.indexOf("?");
      return mark < 0 ? "" : target.slice(mark + 1);
    }
    case "request.headers":
      return encodeHeaderMap(headers.entries);
    case "request.size":
      return bodySize(request);
    case "request.total_size":
      return totalSize(request);
    case "request.time":
      return nanoseconds(stream.startedMs);
    case "request.duration":
      // The duration of the whole exchange: known only when it is over.
      return stream.phase === "open" ? undefined : nanoseconds(vm.services.nowMs() - stream.startedMs);
    default:
      return headerAt(headers, path, "request.headers.", requestName);
  }
}

/** Available once the response headers arrived; for a local response, even if it does not pass the filter. */
function responseProperty(stream: StreamContext, path: string): PropertyValue | undefined {
  const { response, localResponse } = stream;
  switch (path) {
    case "response.code": {
      const status = response?.headers.get(":status") ?? localResponse?.status;
      return status === undefined ? undefined : Number(status);
    }
    case "response.code_details":
      return localResponse?.details;
    default:
      return response === undefined ? undefined : responseMessageProperty(response, path);
  }
}

function responseMessageProperty(response: Message, path: string): PropertyValue | undefined {
  const { headers, trailers } = response;
  switch (path) {
    case "response.headers":
      return encodeHeaderMap(headers.entries);
    case "response.trailers":
      return trailers && encodeHeaderMap(trailers.entries);
    case "response.size":
      return bodySize(response);
    case "response.total_size":
      return totalSize(response);
    case "response.grpc_status": {
      const status = trailers?.get("grpc-status") ?? headers.get("grpc-status");
      return status !== undefined && /^\d+$/.test(status) ? Number(status) : undefined;
    }
    default:
      return (
        headerAt(headers, path, "response.headers.", (name) => name) ??
        headerAt(trailers, path, "response.trailers.", (name) => name)
      );
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

function headerAt(
  headers: HeaderTable | undefined,
  path: string,
  prefix: string,
  nameOf: (name: string) => string,
): string | undefined {
  if (headers === undefined || !path.startsWith(prefix)) return undefined;
  return headers.get(nameOf(lowerCaseName(path.slice(prefix.length))));
}

/** The content-length if announced, else the bytes seen so far. */
function bodySize(message: Message): number | undefined {
  const length = message.headers.get("content-length");
  if (length !== undefined && /^\d+$/.test(length)) return Number(length);
  return message.input === "headers" && message.bodyBytes === 0 ? undefined : message.bodyBytes;
}

/** Bytes of names, values and the body so far: roughly the bytes on the wire. */
function totalSize(message: Message): number {
  let bytes = message.bodyBytes;
  for (const table of [message.headers, message.trailers]) {
    for (const [name, value] of table?.entries ?? []) bytes += name.length + value.length;
  }
  return bytes;
}

/** A time since 1970 or a duration, as i64. */
function nanoseconds(ms: number): Uint8Array {
  return int64(BigInt(Math.floor(ms)) * 1_000_000n);
}

function int64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, value, true);
  return bytes;
}

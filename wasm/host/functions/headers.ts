import { MapType, Status } from "../abi.ts";
import { decodeHeaderMap, encodeHeaderMapInto, headerMapSize } from "../header-codec.ts";
import { isWritableName, isWritableStatus, isWritableValue, lowerCaseName, requestName } from "../header-rules.ts";
import type { HeaderList } from "../header-table.ts";
import { type HeaderTable, joinedValue } from "../header-table.ts";
import type { Vm } from "../vm.ts";
import type { HostFunctions } from "./host-function.ts";

type Write = (map: HeaderTable, name: string, value: string) => boolean;
const addHeader: Write = (map, name, value) => map.add(name, value);
const replaceHeader: Write = (map, name, value) => map.replace(name, value);

const NO_HEADERS: HeaderList = [];

/**
 * The header maps. A message's maps can be read from their arrival until the stream is deleted, and written until they are
 * forwarded. For a map that exists in the ABI but is not available now, the pairs are empty and everything else returns
 * BAD_ARGUMENT. SDKs rely on this behaviour of Envoy.
 */
export function headerFunctions(vm: Vm): HostFunctions {
  const isKnown = (type: number): boolean => type >= MapType.REQUEST_HEADERS && type <= MapType.CALL_RESPONSE_TRAILERS;

  const entriesOf = (type: number): Readonly<HeaderList> | undefined => {
    switch (type) {
      case MapType.REQUEST_HEADERS:
        return vm.stream?.request.headers.entries;
      case MapType.REQUEST_TRAILERS:
        return vm.stream?.request.trailers?.entries;
      case MapType.RESPONSE_HEADERS:
        return vm.stream?.response?.headers.entries;
      case MapType.RESPONSE_TRAILERS:
        return vm.stream?.response?.trailers?.entries;
      case MapType.CALL_RESPONSE_HEADERS:
        return vm.reply?.headers;
      case MapType.CALL_RESPONSE_TRAILERS:
        return vm.reply?.trailers;
      default:
        return undefined;
    }
  };

  /** The map if the guest may write it now: after forwarding, changes would have no effect. */
  const writableMap = (type: number): HeaderTable | undefined => {
    const stream = vm.stream;
    if (stream?.phase !== "open") return undefined;
    const { request, response } = stream;
    switch (type) {
      case MapType.REQUEST_HEADERS:
        return request.headersGone ? undefined : request.headers;
      case MapType.REQUEST_TRAILERS:
        return request.trailersGone ? undefined : request.trailers;
      case MapType.RESPONSE_HEADERS:
        return response?.headersGone ? undefined : response?.headers;
      case MapType.RESPONSE_TRAILERS:
        return response?.trailersGone ? undefined : response?.trailers;
      default:
        return undefined;
    }
  };

  /**
   * A header that would break out of its line often contains client input. Only its stream fails (closed): an error status
   * would make Rust's SDK panic, which ends the filter for all requests.
   */
  const refuseStream = (name: string): Status => {
    const stream = vm.stream;
    if (stream === undefined) return Status.BAD_ARGUMENT;
    stream.failure ??= {
      reason: "invalid_header",
      message: `the filter set an invalid header: ${JSON.stringify(name)}`,
    };
    vm.touch(stream);
    return Status.OK;
  };

  /** Checks and reads name and value, then calls `write`. */
  const writeValue = (
    write: Write,
    type: number,
    namePointer: number,
    nameSize: number,
    valuePointer: number,
    valueSize: number,
  ): Status => {
    const map = writableMap(type);
    if (map === undefined) return Status.BAD_ARGUMENT;
    const name = vm.memory.readName(namePointer, nameSize);
    if (name === undefined || !vm.memory.holds(valuePointer, valueSize)) return Status.INVALID_MEMORY_ACCESS;
    const value = vm.memory.readValue(valuePointer, valueSize);
    if (value === undefined) return Status.BAD_ARGUMENT;
    const header = nameIn(type, name);
    if (!isSound(header, value)) return refuseStream(header);
    if (!isWritable(type, header)) return Status.BAD_ARGUMENT;
    if (header === ":status" && !isWritableStatus(value)) return Status.BAD_ARGUMENT;
    // A status has one value; with two, each reader could choose a different one.
    const put = header === ":status" ? replaceHeader : write;
    return put(map, header, value) ? Status.OK : Status.BAD_ARGUMENT;
  };

  return {
    proxy_get_header_map_value(
      type: number,
      namePointer: number,
      nameSize: number,
      pointerOut: number,
      sizeOut: number,
    ): Status {
      const entries = entriesOf(type);
      if (entries === undefined) return Status.BAD_ARGUMENT;
      const name = vm.memory.readName(namePointer, nameSize);
      if (name === undefined) return Status.INVALID_MEMORY_ACCESS;
      const value = joinedValue(entries, nameIn(type, name));
      if (value !== undefined) return vm.memory.returnText(value, pointerOut, sizeOut);
      // ABI 0.1.0 had no way to say that a header is missing.
      return vm.abiVersion === "0.1.0" ? vm.memory.returnText("", pointerOut, sizeOut) : Status.NOT_FOUND;
    },

    proxy_get_header_map_size(type: number, sizeOut: number): Status {
      if (!isKnown(type)) return Status.BAD_ARGUMENT;
      return vm.memory.writeU32(sizeOut, headerMapSize(entriesOf(type) ?? NO_HEADERS));
    },

    proxy_get_header_map_pairs(type: number, pointerOut: number, sizeOut: number): Status {
      if (!isKnown(type)) return Status.BAD_ARGUMENT;
      const entries = entriesOf(type) ?? NO_HEADERS;
      return vm.memory.returnEncoded(entries, headerMapSize(entries), encodeHeaderMapInto, pointerOut, sizeOut);
    },

    proxy_set_header_map_pairs(type: number, pointer: number, size: number): Status {
      const map = writableMap(type);
      if (map === undefined) return Status.BAD_ARGUMENT;
      if (!vm.memory.holds(pointer, size)) return Status.INVALID_MEMORY_ACCESS;
      const headers = vm.memory.decode(pointer, size, decodeHeaderMap);
      if (headers === undefined) return Status.BAD_ARGUMENT;
      for (const header of headers) {
        header[0] = nameIn(type, lowerCaseName(header[0]));
        const [name, value] = header;
        if (!isSound(name, value)) return refuseStream(name);
        if (!isWritable(type, name)) return Status.BAD_ARGUMENT;
        if (name === ":status" && !isWritableStatus(value)) return Status.BAD_ARGUMENT;
      }
      // A response needs its status, but SDKs let filters set only the other headers.
      const status = map.get(":status");
      const keepsStatus = type === MapType.RESPONSE_HEADERS && !headers.some(([name]) => name === ":status");
      if (keepsStatus && status !== undefined) headers.unshift([":status", status]);
      return map.replaceAll(headers) ? Status.OK : Status.BAD_ARGUMENT;
    },

    proxy_add_header_map_value(
      type: number,
      namePointer: number,
      nameSize: number,
      valuePointer: number,
      valueSize: number,
    ): Status {
      return writeValue(addHeader, type, namePointer, nameSize, valuePointer, valueSize);
    },

    proxy_replace_header_map_value(
      type: number,
      namePointer: number,
      nameSize: number,
      valuePointer: number,
      valueSize: number,
    ): Status {
      return writeValue(replaceHeader, type, namePointer, nameSize, valuePointer, valueSize);
    },

    proxy_remove_header_map_value(type: number, namePointer: number, nameSize: number): Status {
      const map = writableMap(type);
      if (map === undefined) return Status.BAD_ARGUMENT;
      const name = vm.memory.readName(namePointer, nameSize);
      if (name === undefined) return Status.INVALID_MEMORY_ACCESS;
      if (type === MapType.RESPONSE_HEADERS && name === ":status") return Status.BAD_ARGUMENT;
      map.remove(nameIn(type, name));
      return Status.OK;
    },
  };
}

/** In request headers, `host` is an alias of `:authority`. */
function nameIn(type: number, name: string): string {
  return type === MapType.REQUEST_HEADERS ? requestName(name) : name;
}

/** True if a header is valid on the wire as it is. */
function isSound(name: string, value: string): boolean {
  return isWritableName(name) && isWritableValue(value);
}

/** True if a map may contain the header: pseudo headers only in the messages they belong to, never in trailers. */
function isWritable(type: number, name: string): boolean {
  if (!name.startsWith(":")) return true;
  if (type === MapType.REQUEST_HEADERS) return name !== ":status";
  return type === MapType.RESPONSE_HEADERS && name === ":status";
}

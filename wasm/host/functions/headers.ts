import { MapType, Status } from "../abi.ts";
import { decodeHeaderMap, encodeHeaderMapInto, headerMapSize } from "../header-codec.ts";
import { isWritableName, isWritableValue, requestName, writableHeaders } from "../header-rules.ts";
import { type HeaderTable, joinedValue } from "../header-table.ts";
import { HOST_LIMITS } from "../limits.ts";
import type { HeaderList } from "../services.ts";
import type { Vm } from "../vm.ts";
import type { HostFunctions } from "./host-function.ts";

type Write = (map: HeaderTable, name: string, value: string) => boolean;
const addHeader: Write = (map, name, value) => map.add(name, value);
const replaceHeader: Write = (map, name, value) => map.replace(name, value);

const NO_HEADERS: HeaderList = [];

/**
 * The header maps. Of a map that exists but is not available now, the pairs are empty and everything else is
 * BAD_ARGUMENT, as in Envoy, on which SDKs rely.
 */
export function headerFunctions(vm: Vm): HostFunctions {
  const isKnown = (type: number): boolean => type >= MapType.REQUEST_HEADERS && type <= MapType.CALL_RESPONSE_TRAILERS;

  const entriesOf = (type: number): Readonly<HeaderList> | undefined => {
    switch (type) {
      case MapType.REQUEST_HEADERS:
        return vm.stream?.requestHeaders.entries;
      case MapType.CALL_RESPONSE_HEADERS:
        return vm.reply?.headers;
      case MapType.CALL_RESPONSE_TRAILERS:
        return vm.reply?.trailers;
      default:
        return undefined;
    }
  };

  /** The map if the guest may write it now: after the decision nobody would see the change. */
  const writableMap = (type: number): HeaderTable | undefined => {
    const stream = vm.stream;
    if (type !== MapType.REQUEST_HEADERS || stream === undefined) return undefined;
    return stream.phase === "running" || stream.phase === "paused" ? stream.requestHeaders : undefined;
  };

  /** Checks and reads name and value, then lets `write` put them in. */
  const writeValue = (
    write: Write,
    type: number,
    namePointer: number,
    nameSize: number,
    valuePointer: number,
    valueSize: number,
  ): Status => {
    const map = writableMap(type);
    if (map === undefined || valueSize >>> 0 > HOST_LIMITS.headerMapBytes) return Status.BAD_ARGUMENT;
    const name = vm.memory.readName(namePointer, nameSize);
    const value = vm.memory.readValue(valuePointer, valueSize);
    if (name === undefined || value === undefined) return Status.INVALID_MEMORY_ACCESS;
    if (!isWritableName(name) || !isWritableValue(value)) return Status.BAD_ARGUMENT;
    return write(map, requestName(name), value) ? Status.OK : Status.BAD_ARGUMENT;
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
      const value = joinedValue(entries, type === MapType.REQUEST_HEADERS ? requestName(name) : name);
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
      const pairs = vm.memory.decode(pointer, size, decodeHeaderMap);
      const headers = pairs && writableHeaders(pairs);
      if (headers === undefined) return Status.BAD_ARGUMENT;
      for (const header of headers) header[0] = requestName(header[0]);
      map.replaceAll(headers);
      return Status.OK;
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
      map.remove(requestName(name));
      return Status.OK;
    },
  };
}

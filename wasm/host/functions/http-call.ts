import { Status } from "../abi.ts";
import { decodeHeaderMap } from "../header-codec.ts";
import { headerValue, requestName, writableHeaders } from "../header-rules.ts";
import type { HeaderList } from "../header-table.ts";
import { HOST_LIMITS } from "../host-limits.ts";
import type { Vm } from "../vm.ts";
import type { HostFunctions } from "./host-function.ts";

const REQUIRED_HEADERS = [":method", ":path", ":authority"];

export function httpCallFunctions(vm: Vm): HostFunctions {
  /** A header map from the guest; undefined if malformed or not valid on the wire. */
  const readHeaders = (pointer: number, size: number): HeaderList | undefined => {
    const pairs = vm.memory.decode(pointer, size, decodeHeaderMap);
    const headers = pairs && writableHeaders(pairs);
    headers?.forEach((header) => {
      header[0] = requestName(header[0]);
    });
    return headers;
  };

  return {
    proxy_http_call(
      upstreamPointer: number,
      upstreamSize: number,
      headersPointer: number,
      headersSize: number,
      bodyPointer: number,
      bodySize: number,
      trailersPointer: number,
      trailersSize: number,
      timeout: number,
      callIdOut: number,
    ): Status {
      const { memory, calls } = vm;
      const timeoutMs = timeout | 0;
      if (
        !memory.holds(upstreamPointer, upstreamSize) ||
        !memory.holds(headersPointer, headersSize) ||
        !memory.holds(bodyPointer, bodySize) ||
        !memory.holds(trailersPointer, trailersSize) ||
        !memory.holds(callIdOut, 4)
      ) {
        return Status.INVALID_MEMORY_ACCESS;
      }
      const cluster = memory.readText(upstreamPointer, upstreamSize);
      if (cluster === undefined || !vm.services.hasCluster(cluster)) {
        vm.noteUnserved("cluster", cluster ?? "");
        return Status.BAD_ARGUMENT;
      }
      const headers = readHeaders(headersPointer, headersSize);
      const trailers = readHeaders(trailersPointer, trailersSize);
      if (headers === undefined || trailers === undefined) return Status.BAD_ARGUMENT;
      if (REQUIRED_HEADERS.some((name) => headerValue(headers, name) === undefined)) return Status.BAD_ARGUMENT;
      if (timeoutMs < 0 || bodySize >>> 0 > HOST_LIMITS.callBodyBytes) return Status.BAD_ARGUMENT;
      const body = memory.readBytes(bodyPointer, bodySize);
      if (body === undefined) return Status.INVALID_MEMORY_ACCESS;

      const stream = vm.stream;
      const bytes = (headersSize >>> 0) + body.length + (trailersSize >>> 0);
      if (!calls.admits(stream, bytes)) return Status.INTERNAL_FAILURE;
      const callId = calls.nextId();
      memory.writeU32(callIdOut, callId);
      const attributes = stream?.attributes;
      const call = { cluster, timeoutMs, headers, body, trailers, ...(attributes && { attributes }) };
      calls.dispatch(callId, call, bytes, stream);
      return Status.OK;
    },
  };
}

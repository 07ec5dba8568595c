import { Status } from "../abi.ts";
import type { LocalResponse, StreamContext } from "../contexts.ts";
import { decodeHeaderMap } from "../header-codec.ts";
import { writableHeaders } from "../header-rules.ts";
import { HOST_LIMITS } from "../host-limits.ts";
import type { Vm } from "../vm.ts";
import type { HostFunctions } from "./host-function.ts";

type Reading = { ok: true; response: LocalResponse } | { ok: false; status: Status; problem: string };

/**
 * `proxy_send_local_response`. A guest that calls it means to refuse. Its response may be invalid, for example through
 * client input in a header, and the guest may ignore the status and continue. If the request then passed, client input
 * could bypass the filter. So the stream fails, unless a valid response follows.
 */
export function localResponseFunctions(vm: Vm): HostFunctions {
  const read = (
    status: number,
    detailsPointer: number,
    detailsSize: number,
    bodyPointer: number,
    bodySize: number,
    headersPointer: number,
    headersSize: number,
  ): Reading => {
    const { memory } = vm;
    if (
      !memory.holds(detailsPointer, detailsSize) ||
      !memory.holds(bodyPointer, bodySize) ||
      !memory.holds(headersPointer, headersSize)
    ) {
      return { ok: false, status: Status.INVALID_MEMORY_ACCESS, problem: "outside of memory" };
    }
    // Final responses only.
    if (!(Number.isInteger(status) && status >= 200 && status <= 599))
      return unfit(`status ${status} is not within 200..599`);
    if (bodySize >>> 0 > HOST_LIMITS.localResponseBodyBytes) return unfit(`body of ${bodySize >>> 0} bytes`);
    const pairs = memory.decode(headersPointer, headersSize, decodeHeaderMap);
    if (pairs === undefined) return unfit("malformed headers");
    // Some SDKs repeat the status in the headers.
    const headers = writableHeaders(pairs.filter(([name]) => !name.startsWith(":")));
    if (headers === undefined) return unfit("a header name or value that would break the response");
    const details = memory.readValue(
      detailsPointer,
      Math.min(detailsSize >>> 0, HOST_LIMITS.localResponseDetailsBytes),
    );
    const body = memory.readBytes(bodyPointer, bodySize);
    const response = { status, headers, body: body ?? new Uint8Array(0), details: asToken(details ?? "") };
    return { ok: true, response };
  };

  return {
    proxy_send_local_response(
      status: number,
      detailsPointer: number,
      detailsSize: number,
      bodyPointer: number,
      bodySize: number,
      headersPointer: number,
      headersSize: number,
      _grpcStatus: number,
    ): Status {
      const stream = vm.stream;
      // Outside a stream, or for one that is gone or already answered, nothing can be sent. Envoy returns OK then, and
      // SDKs rely on it: Rust's panics at any other status.
      if (stream === undefined || !canAnswer(stream)) return Status.OK;
      const reading = read(status, detailsPointer, detailsSize, bodyPointer, bodySize, headersPointer, headersSize);
      if (reading.ok) stream.localResponse = reading.response;
      else stream.refusedResponse = reading.problem;
      vm.touch(stream);
      return reading.ok ? Status.OK : reading.status;
    },
  };
}

/** Only the first response counts, and only until the response's headers are forwarded. */
function canAnswer(stream: StreamContext): boolean {
  return stream.phase === "open" && stream.localResponse === undefined && stream.response?.headersGone !== true;
}

/** Fails only this stream, and returns OK: at any other status Rust's SDK panics and ends the filter for all requests. */
function unfit(problem: string): Reading {
  return { ok: false, status: Status.OK, problem };
}

/** The details end up in a header and in logs: everything but visible ASCII becomes `_`, as Envoy does for spaces. */
function asToken(details: string): string {
  return details.replace(/[^\x21-\x7e]/g, "_");
}

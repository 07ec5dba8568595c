import { describe, expect, it } from "vitest";
import { MapType, Status } from "../abi.ts";
import { decodeHeaderMap, encodeHeaderMap, headerMapSize } from "../header-codec.ts";
import type { HeaderList } from "../header-table.ts";
import { HeaderTable } from "../header-table.ts";
import { HOST_LIMITS } from "../host-limits.ts";
import { HostHarness } from "../testing/host-harness.setup.ts";

const HEADERS: HeaderList = [
  [":method", "GET"],
  [":authority", "api.example.com"],
  ["accept", "a"],
  ["accept", "b"],
  ["x-ünïcode", "wert"],
];
const UNAVAILABLE = [1, 2, 3, 4, 5, 6, 7];
const UNKNOWN = [8, -1, 0xffff_ffff];

const harness = (): HostHarness => new HostHarness({ headers: HEADERS });
const get = (host: HostHarness, name: string, map: number = MapType.REQUEST_HEADERS) =>
  host.ask("proxy_get_header_map_value", [map, ...host.put(name)]);
const write = (
  host: HostHarness,
  how: "add" | "replace",
  name: string | Uint8Array,
  value: string | Uint8Array,
): number =>
  host.call(`proxy_${how}_header_map_value`, [MapType.REQUEST_HEADERS, ...host.put(name), ...host.put(value)]);

describe("a header's value", () => {
  it("is found in any case of its name, and joined if it is repeated", () => {
    const host = harness();
    expect(get(host, ":METHOD").text).toBe("GET");
    expect(get(host, "Accept").text).toBe("a, b");
  });

  it("of host is the value of :authority", () => {
    expect(get(harness(), "Host").text).toBe("api.example.com");
  });

  it("that is missing is NOT_FOUND, but OK and empty in ABI 0.1.0", () => {
    expect(get(harness(), "absent").status).toBe(Status.NOT_FOUND);
    const old = new HostHarness({ headers: HEADERS }, "0.1.0");
    expect(get(old, "absent")).toMatchObject({ status: Status.OK, text: "", pointer: 0 });
  });

  it("in a map that is unavailable or unknown is BAD_ARGUMENT", () => {
    for (const map of [...UNAVAILABLE, ...UNKNOWN])
      expect(get(harness(), "accept", map).status).toBe(Status.BAD_ARGUMENT);
  });

  it("cannot be requested with addresses outside memory", () => {
    const host = harness();
    expect(host.ask("proxy_get_header_map_value", [0, -1, 6]).status).toBe(Status.INVALID_MEMORY_ACCESS);
    const name = host.put("accept");
    expect(host.call("proxy_get_header_map_value", [0, ...name, -1, 0])).toBe(Status.INVALID_MEMORY_ACCESS);
    expect(host.call("proxy_get_header_map_value", [0, ...name, 0, 65_535])).toBe(Status.INVALID_MEMORY_ACCESS);
  });
});

describe("the pairs of a map", () => {
  it("are serialized in order, and have the reported size", () => {
    const host = harness();
    const { status, bytes } = host.ask("proxy_get_header_map_pairs", [MapType.REQUEST_HEADERS]);
    expect(status).toBe(Status.OK);
    expect(decodeHeaderMap(bytes)).toEqual(HEADERS);
    expect(host.call("proxy_get_header_map_size", [MapType.REQUEST_HEADERS, 8])).toBe(Status.OK);
    expect(host.u32(8)).toBe(headerMapSize(HEADERS));
  });

  it("arrive although the allocation grew the memory", () => {
    const host = harness();
    host.growsOnAllocation = true;
    expect(decodeHeaderMap(host.ask("proxy_get_header_map_pairs", [0]).bytes)).toEqual(HEADERS);
  });

  it("are empty if the map is unavailable, and BAD_ARGUMENT if it is unknown", () => {
    for (const map of UNAVAILABLE) {
      expect(harness().ask("proxy_get_header_map_pairs", [map])).toMatchObject({ status: Status.OK, pointer: 0 });
    }
    for (const map of UNKNOWN) {
      expect(harness().ask("proxy_get_header_map_pairs", [map]).status).toBe(Status.BAD_ARGUMENT);
      expect(harness().call("proxy_get_header_map_size", [map, 8])).toBe(Status.BAD_ARGUMENT);
    }
  });

  it("can be replaced as a whole, with names in lower case", () => {
    const host = harness();
    const map = encodeHeaderMap([
      ["Host", "other"],
      ["X-New", "1"],
    ]);
    expect(host.call("proxy_set_header_map_pairs", [0, ...host.put(map)])).toBe(Status.OK);
    expect(host.stream.request.headers.entries).toEqual([
      [":authority", "other"],
      ["x-new", "1"],
    ]);
  });

  it("are not replaced by headers that would break the request: its stream fails", () => {
    for (const map of [encodeHeaderMap([["x", "a\r\nb: c"]]), encodeHeaderMap([["bad name", "a"]])]) {
      const host = harness();
      expect(host.call("proxy_set_header_map_pairs", [0, ...host.put(map)])).toBe(Status.OK);
      expect(host.stream.failure).toMatchObject({ reason: "invalid_header" });
      expect(host.stream.request.headers.entries).toEqual(HEADERS);
    }
  });

  it("are not replaced by a malformed map", () => {
    const host = harness();
    for (const map of [Uint8Array.of(1, 2, 3), Uint8Array.of(255, 255, 255, 255, 0, 0)]) {
      expect(host.call("proxy_set_header_map_pairs", [0, ...host.put(map)])).toBe(Status.BAD_ARGUMENT);
    }
    expect(host.call("proxy_set_header_map_pairs", [0, 65_000, 1_000])).toBe(Status.INVALID_MEMORY_ACCESS);
    expect(host.stream.request.headers.entries).toEqual(HEADERS);
  });
});

describe("writing a header", () => {
  it("adds, replaces and removes, and may remove an absent header", () => {
    const host = harness();
    expect(write(host, "add", "Accept", "c")).toBe(Status.OK);
    expect(get(host, "accept").text).toBe("a, b, c");
    expect(write(host, "replace", "ACCEPT", "d")).toBe(Status.OK);
    expect(get(host, "accept").text).toBe("d");
    for (const name of ["accept", "absent"]) {
      expect(host.call("proxy_remove_header_map_value", [0, ...host.put(name)])).toBe(Status.OK);
      expect(get(host, name).status).toBe(Status.NOT_FOUND);
    }
  });

  it.each(["", "bad name", "x:y", "x\r\nset-cookie", "ünïcode", "x\0", ":unknown", "\u212a"])(
    "fails its stream, and no other, for the name %j",
    (name) => {
      const host = harness();
      expect(write(host, "add", name, "v")).toBe(Status.OK);
      expect(write(host, "replace", name, "v")).toBe(Status.OK);
      expect(host.stream.failure).toMatchObject({ reason: "invalid_header" });
      expect(host.stream.request.headers.changes()).toEqual([]);
    },
  );

  it.each(["a\r\nset-cookie: b", "a\nb", "a\0b", "a\x01b", "a\x7f"])("fails its stream for the value %j", (value) => {
    const host = harness();
    expect(write(host, "add", "x", value)).toBe(Status.OK);
    expect(write(host, "replace", "x", value)).toBe(Status.OK);
    expect(host.stream.failure).toMatchObject({ reason: "invalid_header" });
    expect(host.stream.request.headers.changes()).toEqual([]);
  });

  it("converts bytes that are not UTF-8 to U+FFFD", () => {
    const host = harness();
    expect(write(host, "add", "x", Uint8Array.of(0x61, 0xff))).toBe(Status.OK);
    expect(get(host, "x").text).toBe("a\ufffd");
  });

  it("is refused for a value beyond the limit, in maps that cannot be written, and after the decision", () => {
    const host = harness();
    const size = HOST_LIMITS.headerMapBytes + 1;
    host.memory.grow(8);
    expect(host.call("proxy_add_header_map_value", [0, ...host.put("x"), 0, size])).toBe(Status.BAD_ARGUMENT);
    for (const map of [...UNAVAILABLE, ...UNKNOWN]) {
      expect(host.call("proxy_add_header_map_value", [map, ...host.put("x"), ...host.put("v")])).toBe(
        Status.BAD_ARGUMENT,
      );
      expect(host.call("proxy_remove_header_map_value", [map, ...host.put("x")])).toBe(Status.BAD_ARGUMENT);
      expect(host.call("proxy_set_header_map_pairs", [map, 0, 0])).toBe(Status.BAD_ARGUMENT);
    }
    host.stream.phase = "ending";
    expect(write(host, "add", "x", "late")).toBe(Status.BAD_ARGUMENT);
    expect(get(host, "accept").status).toBe(Status.OK);
  });
});

describe("the maps of a response and of trailers", () => {
  const RESPONSE: HeaderList = [
    [":status", "200"],
    ["host", "not an authority here"],
  ];
  const put = (host: HostHarness, how: "add" | "replace", map: number, name: string, value: string): number =>
    host.call(`proxy_${how}_header_map_value`, [map, ...host.put(name), ...host.put(value)]);

  it("can be read and written until they are forwarded", () => {
    const host = harness();
    const response = host.addResponse(RESPONSE);
    host.stream.request.trailers = new HeaderTable([["x-sum", "1"]]);
    response.trailers = new HeaderTable([["x-sum", "2"]]);
    expect(get(host, "Host", MapType.RESPONSE_HEADERS).text).toBe("not an authority here");
    expect(get(host, "x-sum", MapType.REQUEST_TRAILERS).text).toBe("1");
    expect(get(host, "x-sum", MapType.RESPONSE_TRAILERS).text).toBe("2");
    for (const map of [MapType.REQUEST_TRAILERS, MapType.RESPONSE_HEADERS, MapType.RESPONSE_TRAILERS]) {
      expect(put(host, "replace", map, "X-Sum", "3")).toBe(Status.OK);
      expect(get(host, "x-sum", map).text).toBe("3");
      expect(host.call("proxy_remove_header_map_value", [map, ...host.put("x-sum")])).toBe(Status.OK);
      expect(get(host, "x-sum", map).status).toBe(Status.NOT_FOUND);
    }
  });

  it("can be read but not written after they are forwarded", () => {
    const host = harness();
    const response = host.addResponse(RESPONSE);
    host.stream.request.headersGone = response.headersGone = true;
    for (const map of [MapType.REQUEST_HEADERS, MapType.RESPONSE_HEADERS]) {
      expect(put(host, "add", map, "x", "late")).toBe(Status.BAD_ARGUMENT);
      expect(host.call("proxy_set_header_map_pairs", [map, 0, 0])).toBe(Status.BAD_ARGUMENT);
      expect(host.ask("proxy_get_header_map_pairs", [map]).bytes.length).toBeGreaterThan(0);
    }
  });

  it("accept only one valid status, and keep it", () => {
    const host = harness();
    const { headers } = host.addResponse(RESPONSE);
    const map = MapType.RESPONSE_HEADERS;
    expect(put(host, "replace", map, ":status", "404")).toBe(Status.OK);
    expect(put(host, "add", map, ":status", "503")).toBe(Status.OK);
    expect(headers.get(":status")).toBe("503");
    for (const status of ["", "99", "101", "600", "2000", "ok"]) {
      expect(put(host, "replace", map, ":status", status)).toBe(Status.BAD_ARGUMENT);
    }
    expect(host.call("proxy_remove_header_map_value", [map, ...host.put(":status")])).toBe(Status.BAD_ARGUMENT);
    const pairs = host.put(encodeHeaderMap([["x", "1"]]));
    expect(host.call("proxy_set_header_map_pairs", [map, ...pairs])).toBe(Status.OK);
    expect(headers.entries).toEqual([
      [":status", "503"],
      ["x", "1"],
    ]);
  });

  it.each([
    [MapType.REQUEST_HEADERS, ":status"],
    [MapType.RESPONSE_HEADERS, ":path"],
    [MapType.REQUEST_TRAILERS, ":path"],
    [MapType.RESPONSE_TRAILERS, ":status"],
  ])("map %i takes no %s", (map, name) => {
    const host = harness();
    host.stream.request.trailers = new HeaderTable([]);
    host.addResponse(RESPONSE).trailers = new HeaderTable([]);
    expect(put(host, "add", map, name, "200")).toBe(Status.BAD_ARGUMENT);
    const pairs = host.put(encodeHeaderMap([[name, "200"]]));
    expect(host.call("proxy_set_header_map_pairs", [map, ...pairs])).toBe(Status.BAD_ARGUMENT);
  });
});

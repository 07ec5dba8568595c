import { describe, expect, it } from "vitest";
import { Status } from "../abi.ts";
import { decodeHeaderMap } from "../header-codec.ts";
import type { HeaderList } from "../header-table.ts";
import { HeaderTable } from "../header-table.ts";
import { HOST_LIMITS } from "../host-limits.ts";
import { HostHarness } from "../testing/host-harness.setup.ts";

const HEADERS: HeaderList = [
  [":method", "POST"],
  [":path", "/a/b?c=d?e"],
  [":authority", "api.example.com"],
  [":scheme", "https"],
  ["user-agent", "curl"],
  ["content-length", "12"],
];

function harness(): HostHarness {
  return new HostHarness({
    headers: HEADERS,
    attributes: {
      "xds.route_name": "rule-0",
      "source.address": "192.0.2.1:443",
      "source.port": 443,
      "connection.mtls": true,
      "request.scheme": "wss",
      ratio: 0.5,
      raw: Uint8Array.of(1, 2),
    },
  });
}

const path = (dotted: string): string => dotted.replaceAll(".", "\0");
const get = (host: HostHarness, dotted: string) => host.ask("proxy_get_property", host.put(path(dotted)));
const set = (host: HostHarness, dotted: string, value: string | Uint8Array): number =>
  host.call("proxy_set_property", [...host.put(path(dotted)), ...host.put(value)]);

describe("the property wasm_need_rebuild of Higress", () => {
  it("is a wish to restart, and can be read back like any other", () => {
    const host = harness();
    expect(host.vm.restartWanted).toBe(false);
    expect(set(host, "wasm_need_rebuild", "true")).toBe(Status.OK);
    expect(host.vm.restartWanted).toBe(true);
    expect(get(host, "wasm_need_rebuild").text).toBe("true");
  });

  it("counts from the root too, and even if the context may keep no more properties", () => {
    const host = harness();
    const asks = [...host.put("wasm_need_rebuild"), ...host.put("true")];
    expect(host.call("proxy_set_property", asks, host.vm.root)).toBe(Status.OK);
    expect(host.vm.restartWanted).toBe(true);
    const full = harness();
    for (let n = 0; n < HOST_LIMITS.propertiesPerContext; n += 1) set(full, `p${n}`, "");
    expect(set(full, "wasm_need_rebuild", "true")).toBe(Status.BAD_ARGUMENT);
    expect(full.vm.restartWanted).toBe(true);
  });

  it.each(["false", "", "TRUE", "true ", new Uint8Array(4)])("is no wish with another value: %j", (value) => {
    const host = harness();
    set(host, "wasm_need_rebuild", value);
    set(host, "wasm_need_rebuild.x", "true");
    expect(host.vm.restartWanted).toBe(false);
  });
});

describe("a property", () => {
  it.each([
    ["request.method", "POST"],
    ["request.path", "/a/b?c=d?e"],
    ["request.url_path", "/a/b"],
    ["request.query", "c=d?e"],
    ["request.host", "api.example.com"],
    ["request.useragent", "curl"],
    ["request.headers.user-agent", "curl"],
    ["request.headers.Host", "api.example.com"],
    ["xds.route_name", "rule-0"],
    ["route_name", "rule-0"],
    ["source.address", "192.0.2.1:443"],
    ["plugin_name", "plugin"],
    ["plugin_root_id", "root"],
    ["plugin_vm_id", "vm"],
  ])("%s is text", (name, value) => {
    expect(get(harness(), name)).toMatchObject({ status: Status.OK, text: value });
  });

  it("set by the embedder overrides the header it would come from", () => {
    expect(get(harness(), "request.scheme").text).toBe("wss");
  });

  it("is eight bytes for a number, one for a boolean, and unchanged for bytes", () => {
    const host = harness();
    const view = (name: string): DataView => new DataView(get(host, name).bytes.slice().buffer);
    expect(view("source.port").getBigInt64(0, true)).toBe(443n);
    expect(view("request.size").getBigInt64(0, true)).toBe(12n);
    expect(view("plugin_vm_memory").getBigUint64(0, true)).toBe(65_536n);
    expect(view("request.time").getBigInt64(0, true)).toBe(1_760_000_000_000_000_000n);
    expect(view("ratio").getFloat64(0, true)).toBe(0.5);
    expect([...get(host, "connection.mtls").bytes]).toEqual([1]);
    expect([...get(host, "raw").bytes]).toEqual([1, 2]);
  });

  it("is serialized if it is a map", () => {
    expect(decodeHeaderMap(get(harness(), "request.headers").bytes)).toEqual(HEADERS);
  });

  it("may end with a NUL", () => {
    const host = harness();
    expect(host.ask("proxy_get_property", host.put("request\0method\0")).text).toBe("POST");
  });

  it.each(["", "absent", "constructor", "__proto__", "request.headers.absent", "response.code", "request.toString"])(
    "%j is not found",
    (name) => {
      expect(get(harness(), name).status).toBe(Status.NOT_FOUND);
    },
  );

  it("of a request is not found from the root", () => {
    const host = harness();
    expect(host.ask("proxy_get_property", host.put("request\0method"), host.vm.root).status).toBe(Status.NOT_FOUND);
    expect(host.ask("proxy_get_property", host.put("plugin_name"), host.vm.root).text).toBe("plugin");
  });

  it("cannot be requested with addresses outside memory", () => {
    expect(harness().ask("proxy_get_property", [-5, 4]).status).toBe(Status.INVALID_MEMORY_ACCESS);
  });
});

describe("a property of the response", () => {
  function answered(): HostHarness {
    const host = harness();
    const response = host.addResponse([
      [":status", "404"],
      ["content-length", "5"],
      ["x-user", "ada"],
      ["grpc-status", "7"],
    ]);
    response.trailers = new HeaderTable([["x-sum", "9"]]);
    return host;
  }
  const number = (host: HostHarness, name: string): bigint =>
    new DataView(get(host, name).bytes.slice().buffer).getBigInt64(0, true);

  it("exists once the response does", () => {
    const host = answered();
    expect(number(host, "response.code")).toBe(404n);
    expect(number(host, "response.size")).toBe(5n);
    expect(number(host, "response.grpc_status")).toBe(7n);
    expect(get(host, "response.headers.X-User").text).toBe("ada");
    expect(get(host, "response.trailers.x-sum").text).toBe("9");
    expect(decodeHeaderMap(get(host, "response.headers").bytes)).toHaveLength(4);
    expect(decodeHeaderMap(get(host, "response.trailers").bytes)).toEqual([["x-sum", "9"]]);
    expect(number(host, "response.total_size")).toBe(52n);
    expect(get(host, "response.headers.absent").status).toBe(Status.NOT_FOUND);
    expect(get(host, "response.flags").status).toBe(Status.NOT_FOUND);
  });

  it("comes from the local response if there is no other", () => {
    const host = harness();
    host.stream.localResponse = { status: 403, headers: [], body: new Uint8Array(0), details: "denied" };
    expect(number(host, "response.code")).toBe(403n);
    expect(get(host, "response.code_details").text).toBe("denied");
    expect(get(host, "response.headers").status).toBe(Status.NOT_FOUND);
  });
});

describe("a property of the request", () => {
  const number = (host: HostHarness, name: string): bigint =>
    new DataView(get(host, name).bytes.slice().buffer).getBigInt64(0, true);

  it("that depends on the request's end is not found before", () => {
    const host = harness();
    expect(get(host, "request.duration").status).toBe(Status.NOT_FOUND);
    host.services.now += 250;
    host.stream.phase = "ending";
    expect(number(host, "request.duration")).toBe(250_000_000n);
  });

  it("counts the received body if no length was announced", () => {
    const host = new HostHarness({ headers: [[":method", "POST"]] });
    host.stream.request.input = "headers";
    expect(get(host, "request.size").status).toBe(Status.NOT_FOUND);
    host.stream.request.bodyBytes = 70;
    expect(number(host, "request.size")).toBe(70n);
    expect(number(host, "request.total_size")).toBe(81n);
  });

  it("ignores a length that is not a number", () => {
    const host = new HostHarness({ headers: [["content-length", "1e3"]] });
    host.stream.request.input = "headers";
    expect(get(host, "request.size").status).toBe(Status.NOT_FOUND);
  });
});

describe("a property the filter sets", () => {
  it("can be read back in its own context only", () => {
    const host = harness();
    expect(set(host, "filter.state", "seen")).toBe(Status.OK);
    expect(get(host, "filter.state").text).toBe("seen");
    const other = host.addStream();
    expect(host.ask("proxy_get_property", host.put(path("filter.state")), other).status).toBe(Status.NOT_FOUND);
  });

  it("does not hide the host's own properties", () => {
    const host = harness();
    set(host, "request.method", "GET");
    expect(get(host, "request.method").text).toBe("POST");
  });

  it("is refused beyond the limits of one context", () => {
    const host = harness();
    const half = new Uint8Array(HOST_LIMITS.propertyBytesPerContext / 2);
    expect(host.call("proxy_set_property", [...host.put("a"), 0, half.length])).toBe(Status.OK);
    expect(host.call("proxy_set_property", [...host.put("b"), 0, half.length])).toBe(Status.BAD_ARGUMENT);
    expect(host.call("proxy_set_property", [...host.put("a"), 0, 1])).toBe(Status.OK);
    for (let index = 1; index < HOST_LIMITS.propertiesPerContext; index++) set(host, `p${index}`, "");
    expect(set(host, "one more", "")).toBe(Status.BAD_ARGUMENT);
    expect(host.call("proxy_set_property", [...host.put("a"), -1, 9])).toBe(Status.INVALID_MEMORY_ACCESS);
  });
});

describe("a property that the embedder gives for all requests", () => {
  const given = new Map<string, string | number | boolean>([
    ["cluster_name", "outbound|80||orders"],
    ["node.metadata.NAME", "pod-1"],
    ["listener_direction", 1],
    ["xds.virtual_host_name", "all"],
    ["request.method", "GET"],
    ["source.address", "198.51.100.1"],
    ["plugin_name", "another"],
    ["route_name", "fixed"],
  ]);
  const host = () =>
    new HostHarness({ headers: HEADERS, attributes: { "source.address": "192.0.2.1" } }, "0.2.1", {
      properties: given,
    });

  it.each([
    ["cluster_name", "outbound|80||orders"],
    ["xds.cluster_name", "outbound|80||orders"],
    ["node.metadata.NAME", "pod-1"],
    ["xds.node.metadata.NAME", "pod-1"],
    ["virtual_host_name", "all"],
    ["xds.route_name", "fixed"],
  ])("%s is read with and without xds. before it", (name, value) => {
    expect(get(host(), name).text).toBe(value);
  });

  it("is readable at the root, and a number is 8 bytes", () => {
    const own = host();
    expect(own.ask("proxy_get_property", own.put(path("node.metadata.NAME")), own.vm.root).text).toBe("pod-1");
    expect([...get(own, "listener_direction").bytes]).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("stands for exactly its path", () => {
    for (const name of ["node", "node.metadata", "node.metadata.NAME.more", "xds", ""]) {
      expect(get(host(), name).status).toBe(Status.NOT_FOUND);
    }
  });

  it("hides neither what the host knows of the request nor the plugin's own, and the guest cannot hide it", () => {
    const own = host();
    expect([get(own, "request.method").text, get(own, "source.address").text]).toEqual(["POST", "192.0.2.1"]);
    expect(get(own, "plugin_name").text).toBe("plugin");
    expect(set(own, "cluster_name", "mine")).toBe(Status.OK);
    expect(get(own, "cluster_name").text).toBe("outbound|80||orders");
  });
});

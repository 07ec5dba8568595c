import { describe, expect, it } from "vitest";
import { FilterInstance, FilterStartError, type HeaderList, type StartOptions, type StreamRequest } from "../index.ts";
import { FakeServices, OK_REPLY, START } from "../testing/fake-services.setup.ts";
import { SDK_FILTERS } from "./guests.ts";
import { ALL_STAGES, bytes, stateOf } from "./puppet/start-puppet.ts";

const HEADERS: HeaderList = [
  [":method", "GET"],
  [":path", "/orders"],
  [":authority", "api.example.com"],
  [":scheme", "https"],
  ["x-secret", "s"],
];
const WITH_TOKEN: HeaderList = [...HEADERS, ["authorization", "Bearer t"]];
const RESPONSE: HeaderList = [
  [":status", "200"],
  ["content-length", "2"],
];

function startFilter(module: WebAssembly.Module, options: Partial<StartOptions> = {}) {
  const services = new FakeServices();
  const start = (): FilterInstance =>
    FilterInstance.start(module, services, { ...START, rootId: "conformance", ...options });
  const instance = start();
  const open = (request: Partial<StreamRequest>) =>
    instance.openStream(
      { headers: WITH_TOKEN, endOfStream: false, attributes: { "xds.route_name": "rule-0" }, ...request },
      ALL_STAGES,
    );
  return { services, instance, open, start };
}

/** Filters built with third-party SDKs (guests/assembly), whose code was not written for this host. */
describe.each([
  ["@gcoredev/proxy-wasm-sdk-as", SDK_FILTERS.gcoredev, "0.2.1"],
  ["@solo-io/proxy-runtime", SDK_FILTERS.soloIo, "0.2.0"],
] as const)("a filter on %s", (_sdk, module, abi) => {
  it("starts with its version of the ABI and only the expected unknown imports", () => {
    const { instance } = startFilter(module);
    expect(instance.abiVersion).toBe(abi);
    expect(instance.unknownImports.filter((name) => !/secret|dictionary|kv_store/.test(name))).toEqual([]);
  });

  it("refuses a request without a token, with a local response", async () => {
    const { services, open } = startFilter(module);
    const stream = open({ headers: HEADERS });
    expect(await stateOf(stream.requestHeaders())).toMatchObject({
      kind: "respond",
      status: 401,
      details: "no_token",
      headers: [["x-why", "no token"]],
      body: bytes("who are you?"),
    });
    stream.end();
    expect(services.calls).toEqual([]);
    expect(services.lines.join("\n")).toContain("stream logged");
  });

  it("makes an outbound call, waits, and continues according to the reply", async () => {
    const { services, open } = startFilter(module);
    const waiting = open({}).requestHeaders();
    expect(await stateOf(waiting)).toBe("waiting");
    expect(services.calls[0]).toMatchObject({ cluster: "auth", timeoutMs: 1_000, body: bytes("Bearer t") });
    await services.calls[0]?.answer(OK_REPLY);
    const outcome = await stateOf(waiting);
    expect(outcome).toMatchObject({ kind: "continue", paused: true, calls: 1 });
    if (outcome === "waiting" || outcome.kind !== "continue") return;
    expect(outcome.changes).toContainEqual({ name: "x-secret", values: [] });
    expect(outcome.changes.map(({ name }) => name)).toContain("x-route");
    const expected = abi === "0.2.1" ? { name: "x-body", values: ["reply body"] } : { name: "x-user", values: ["ada"] };
    expect(outcome.changes).toContainEqual(expected);
  });

  it("refuses when the call failed", async () => {
    const { services, open } = startFilter(module);
    const waiting = open({}).requestHeaders();
    await services.calls[0]?.answer({ ok: false, reason: "timeout" });
    expect(await stateOf(waiting)).toMatchObject({ kind: "respond", status: 503, details: "no_reply" });
  });

  it("drops a reply whose stream is gone, and keeps serving", async () => {
    const { services, instance, open } = startFilter(module);
    const stream = open({});
    stream.requestHeaders();
    stream.end();
    await services.calls[0]?.answer(OK_REPLY);
    expect(instance.failure).toBeUndefined();
    const waiting = open({}).requestHeaders();
    await services.calls[1]?.answer(OK_REPLY);
    expect(await stateOf(waiting)).toMatchObject({ kind: "continue" });
  });

  it("changes the response", async () => {
    const { services, open } = startFilter(module);
    const stream = open({ endOfStream: true });
    const waiting = stream.requestHeaders();
    await services.calls[0]?.answer(OK_REPLY);
    await waiting;
    const outcome = await stateOf(stream.responseHeaders(RESPONSE, false));
    expect(outcome).toMatchObject({
      kind: "continue",
      changes: [
        { name: "x-status", values: ["200"] },
        { name: "content-length", values: [] },
      ],
    });
    stream.end();
  });

  it("serves many requests, concurrently and one after the other", async () => {
    const { services, instance, open } = startFilter(module);
    for (let round = 0; round < 20; round++) {
      const streams = Array.from({ length: 10 }, () => open({ endOfStream: true }));
      const waiting = streams.map((stream) => stream.requestHeaders());
      for (const call of services.calls.splice(0).reverse()) await call.answer(OK_REPLY);
      for (const outcome of waiting) expect(await stateOf(outcome)).toMatchObject({ kind: "continue" });
      for (const stream of streams) stream.end();
    }
    expect([instance.failure, instance.openStreams, instance.pendingCalls]).toEqual([undefined, 0, 0]);
  });

  it("can be replaced although it may trap while it is closed", () => {
    const { instance, start } = startFilter(module);
    expect(() => instance.close()).not.toThrow();
    expect(start().failure).toBeUndefined();
  });
});

describe("a filter on @gcoredev/proxy-wasm-sdk-as", () => {
  it("sees its configuration, its ticks and its counter", async () => {
    const { services, instance, open } = startFilter(SDK_FILTERS.gcoredev);
    expect(services.lines.join("\n")).toContain("configured: plugin configuration");
    expect(instance.tickPeriodMs).toBe(500);
    instance.tick();
    expect(services.lines.at(-1)).toContain("tick");
    const stream = open({ headers: HEADERS });
    await stream.requestHeaders();
    stream.end();
    expect(services.shared.metrics.value("sdk_requests")).toBe(1);
  });

  it("buffers and replaces a request's body, and appends to a response's", async () => {
    const { services, open } = startFilter(SDK_FILTERS.gcoredev);
    const stream = open({});
    const waiting = stream.requestHeaders();
    await services.calls[0]?.answer(OK_REPLY);
    await waiting;
    expect(await stateOf(stream.requestBody(bytes("hello "), false))).toMatchObject({ kind: "buffer" });
    expect(await stateOf(stream.requestBody(bytes("world"), true))).toMatchObject({
      kind: "continue",
      body: bytes("HELLO WORLD"),
    });
    await stream.responseHeaders(RESPONSE, false);
    expect(await stateOf(stream.responseBody(bytes("a"), false))).toMatchObject({ body: bytes("a") });
    expect(await stateOf(stream.responseBody(bytes("b"), true))).toMatchObject({ body: bytes("b (seen)") });
    stream.end();
  });
});

describe("a filter on @solo-io/proxy-runtime", () => {
  it("exits if started with a root id that it has no plugin for, and is refused", () => {
    expect(() => startFilter(SDK_FILTERS.soloIo, { rootId: "no such plugin" })).toThrow(FilterStartError);
  });
});

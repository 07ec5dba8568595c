import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { linesOf, type RawRequest, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS_AND_ASKING } from "./variants.ts";

/** A client's trace goes on to the upstream and to the authorization server, and no decision depends on it. */

const traceparent = (n: number) => `00-0af7651916cd43dd8448eb211c80319${n}-b7ad6b7169203331-01`;
const traced = (n: number, ...more: string[]) => [`Traceparent: ${traceparent(n)}`, ...more];

describe.each(VARIANTS_AND_ASKING)("with $name", (variant) => {
  let upstream: RawServer;
  let server: RawServer;
  let gateway: SecurityGateway;
  let vary: string | undefined;
  let answerAfter: Promise<unknown> | undefined;
  let tokens = 0;

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    server = await RawServer.start(async (request) => {
      await answerAfter;
      const headers: [string, string][] = vary === undefined ? [] : [["Vary", vary]];
      // A server that does decide by the trace.
      headers.push(["x-user", linesOf(request, "traceparent")[0] ?? "untraced"]);
      return request.target.startsWith("/opa") ? { headers, body: '{"result":true}' } : { headers };
    });
    const service = (name: string, authorization: object) => [
      name,
      {
        route: { prefix: `/${name}` },
        upstream: { url: upstream.origin },
        clusters: { auth: { url: server.origin } },
        authorization: { cluster: "auth", ...authorization },
      },
    ];
    const forward = { protocol: "forward-auth", path: "/check", upstreamHeaders: ["x-user"] };
    const services = Object.fromEntries([
      service("forward", forward),
      service("own", { ...forward, unkeyedHeaders: ["traceparent"] }),
      service("opa", { protocol: "opa", path: "/opa" }),
    ]);
    gateway = await startGateway({ services }, { variant });
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), server?.stop()]);
  });
  beforeEach(() => {
    tokens += 1;
    vary = undefined;
    answerAfter = undefined;
  });

  /** What the servers received because of one request with this test's token. */
  async function ask(service: string, headers: readonly string[]) {
    const [calls, passed] = [server.requests.length, upstream.requests.length];
    const credential = `Authorization: Bearer token-${tokens}`;
    const { status } = await gateway.send({ target: `/${service}/1`, headers: [credential, ...headers] });
    expect(status).toBe(200);
    return { calls: server.requests.slice(calls), upstream: upstream.requests[passed]! };
  }

  const traceIn = (request: RawRequest | undefined) =>
    request && [linesOf(request, "traceparent"), linesOf(request, "tracestate")];

  it.each(["forward", "opa"])("a trace goes on to both: %s", async (service) => {
    const { calls, upstream: passed } = await ask(service, traced(1, "Tracestate: a=1,b=2"));
    expect(calls.map(traceIn)).toEqual([[[traceparent(1)], ["a=1,b=2"]]]);
    expect(traceIn(passed)).toEqual([[traceparent(1)], ["a=1,b=2"]]);
  });

  it("a request without one causes a call without one", async () => {
    expect((await ask("forward", ["Tracestate: a=1"])).calls.map(traceIn)).toEqual([[[], []]]);
  });

  it.each([
    "secret",
    "00-00000000000000000000000000000000-b7ad6b7169203331-01",
    `${traceparent(1)}, ${traceparent(2)}`,
    `${traceparent(1)}x`,
  ])("the authorization server does not get %j", async (value) => {
    const { calls } = await ask("forward", [`Traceparent: ${value}`, "Tracestate: a=1"]);
    expect(calls.map(traceIn)).toEqual([[[], []]]);
  });

  it("an invalid tracestate is left out, the rest is not", async () => {
    const { calls } = await ask("forward", traced(1, "Tracestate: no state"));
    expect(calls.map(traceIn)).toEqual([[[traceparent(1)], []]]);
  });

  it("a decision is kept for all traces", async () => {
    await ask("forward", traced(1));
    const { calls, upstream: passed } = await ask("forward", traced(2));
    expect(calls).toEqual([]);
    expect(traceIn(passed)).toEqual([[traceparent(2)], []]);
  });

  it("a call that several requests wait for has the trace of the first", async () => {
    const before = server.requests.length;
    const open = Promise.withResolvers<void>();
    answerAfter = open.promise;
    const first = ask("forward", traced(1));
    await expect.poll(() => server.requests.length).toBe(before + 1);
    const second = ask("forward", traced(2));
    await new Promise((resolve) => setTimeout(resolve, 100));
    open.resolve();
    await Promise.all([first, second]);
    expect(server.requests.slice(before).map(traceIn)).toEqual([[[traceparent(1)], []]]);
  });

  it.each(["Traceparent", "accept, tracestate"])("a reply with Vary: %s is not kept", async (value) => {
    vary = value;
    await ask("forward", traced(1));
    const { calls, upstream: passed } = await ask("forward", traced(2));
    expect(calls.map(traceIn)).toEqual([[[traceparent(2)], []]]);
    expect(linesOf(passed, "x-user")).toEqual([traceparent(2)]);
  });

  it("a traceparent that the filter sends itself is sent once", async () => {
    const { calls } = await ask("own", traced(1));
    expect(calls.map(traceIn)).toEqual([[[traceparent(1)], []]]);
  });
});

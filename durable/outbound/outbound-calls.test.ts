import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Cluster } from "../../config/index.ts";
import { builtInService, gatewayOf } from "../../config/testing/inputs.ts";
import { HOST_LIMITS, type OutboundCall } from "../../wasm/host/index.ts";
import { CLIENT_GROUP_ATTRIBUTE } from "../request/client-group.ts";
import { FailureLog } from "./failure-log.ts";
import { OUTBOUND_LIMITS, OutboundCalls, type OutboundDependencies } from "./outbound-calls.ts";
import { refusedCall } from "./refused-call.ts";
import type { Send } from "./send-call.ts";
import { ServersCalls } from "./server-calls.ts";

const AUTH_URL = "https://auth.example";
/** A sixteenth of the deadline, the most by which a timeout may be late. */
const TICK_MS = 63;
const AUTH: Cluster = { url: AUTH_URL, authority: "auth.example", timeoutMs: 1_000, concurrency: 6 };

function call(fields: Partial<OutboundCall> = {}): OutboundCall {
  return {
    cluster: "auth",
    timeoutMs: 0,
    headers: [
      [":method", "GET"],
      [":path", "/check"],
      [":authority", "auth.example"],
    ],
    body: new Uint8Array(0),
    trailers: [],
    ...fields,
  };
}

/** A server whose answers the test controls. */
function server() {
  const asked: { request: Request; answer: (response: Response | Error) => void }[] = [];
  const send: Send = (request) =>
    new Promise((resolve, reject) => {
      const answer = (response: Response | Error) => (response instanceof Error ? reject(response) : resolve(response));
      request.signal.addEventListener("abort", () => reject(new Error("aborted")));
      asked.push({ request, answer });
    });
  return { asked, send };
}

/** A service with a filter other than the built-in one. */
function serviceWith(clusters: Readonly<Record<string, Cluster>>): OutboundDependencies["service"] {
  return {
    name: "orders",
    clusters,
    filterKind: { kind: "other", configuration: "", vmConfiguration: "", rootId: "", logLevel: "info", properties: {} },
  };
}

/** A service with the built-in filter. */
const introspecting = gatewayOf({
  orders: builtInService({
    clusters: { auth: { url: AUTH_URL, timeoutMs: 1_000 } },
    authorization: {
      protocol: "introspection",
      cluster: "auth",
      path: "/introspect",
      clientAuthentication: { type: "none" },
    },
  }),
}).services[0]!;

function callsTo(send: Send, cluster: Cluster = AUTH) {
  return new OutboundCalls({ service: serviceWith({ auth: cluster }), sendTo: () => send, nowMs: () => Date.now() });
}

/** The result of a call that needs no answer. */
async function atOnce(calls: OutboundCalls, fields: Partial<OutboundCall> = {}) {
  const result = calls.call(call(fields));
  await vi.advanceTimersByTimeAsync(0);
  return result;
}

/** The result of a call that is repeated before it is answered. */
async function repeated(calls: OutboundCalls, made: OutboundCall = call()) {
  const result = calls.call(made);
  await vi.advanceTimersByTimeAsync(20);
  return result;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("an outbound call", () => {
  it("carries method, path, headers and body, follows no redirect and is not cached", async () => {
    const { asked, send } = server();
    const headers: OutboundCall["headers"] = [
      [":method", "POST"],
      [":path", "/a?b"],
      ["x-one", "1"],
    ];
    const result = callsTo(send).call(call({ headers, body: new TextEncoder().encode("body") }));
    asked[0]!.answer(new Response("yes", { status: 201, headers: { "x-user": "ann" } }));
    const reply = await result;
    const { request } = asked[0]!;
    expect(request).toMatchObject({
      url: "https://auth.example/a?b",
      method: "POST",
      redirect: "manual",
      cache: "no-store",
    });
    expect(request.headers.get("x-one")).toBe("1");
    expect(reply).toMatchObject({ ok: true, body: new TextEncoder().encode("yes") });
    expect(reply.ok && reply.headers[0]).toEqual([":status", "201"]);
    expect(reply.ok && reply.headers).toContainEqual(["x-user", "ann"]);
  });

  it("goes to the cluster's own host, whatever the filter puts into the path", async () => {
    const { asked, send } = server();
    const headers: OutboundCall["headers"] = [[":path", "//evil.example/x"]];
    callsTo(send).call(call({ headers }));
    expect(new URL(asked[0]!.request.url).host).toBe("auth.example");
  });

  it("gets each cookie of the reply separately", async () => {
    const { asked, send } = server();
    const result = callsTo(send).call(call());
    const headers: [string, string][] = [
      ["set-cookie", "a=1; Path=/"],
      ["set-cookie", "b=2"],
    ];
    asked[0]!.answer(new Response(null, { headers }));
    const reply = await result;
    expect(reply.ok && reply.headers.filter(([name]) => name === "set-cookie")).toHaveLength(2);
  });

  it("that gets no answer is a reset", async () => {
    const calls = callsTo(() => Promise.reject(new Error("connection refused")));
    expect(await repeated(calls)).toEqual({ ok: false, reason: "reset" });
  });

  it("is repeated once if that is safe: its connection may have been closed", async () => {
    const attempts: string[] = [];
    const send: Send = (request) => {
      attempts.push(request.method);
      return attempts.length === 1 ? Promise.reject(new Error("closed")) : Promise.resolve(new Response("yes"));
    };
    expect(await repeated(callsTo(send))).toMatchObject({ ok: true });
    expect(attempts).toEqual(["GET", "GET"]);

    attempts.length = 0;
    const post = call({ headers: [[":method", "POST"]] });
    expect(await callsTo(send).call(post)).toEqual({ ok: false, reason: "reset" });
    expect(attempts).toEqual(["POST"]);
  });

  it.each<[string, Partial<OutboundCall>]>([
    ["an invalid header", { headers: [["x-bad", "a\nb"]] }],
    ["a head that is too long for servers", { headers: [["x-long", "x".repeat(HOST_LIMITS.callHeadBytes)]] }],
    ["a path that names another host", { headers: [[":path", "@evil.example/"]] }],
    ["an invalid method", { headers: [[":method", "G T"]] }],
    ["a body that its method does not allow", { body: new Uint8Array(1) }],
  ])("with %s is not a reset and reaches no server", async (_, fields) => {
    const { asked, send } = server();
    expect(await atOnce(callsTo(send), fields)).toEqual({ ok: false, reason: "rejected" });
    expect(asked).toHaveLength(0);
  });

  it("that fails at once and is repeated each time lets others have their turn", async () => {
    const calls = callsTo(() => Promise.resolve(new Response("never asked")));
    let failures = 0;
    const again = async (): Promise<void> => {
      while (failures < 1_000) {
        await calls.call(call({ headers: [[":path", "@evil.example/"]] }));
        failures += 1;
      }
    };
    again();
    await vi.advanceTimersToNextTimerAsync();
    expect(failures).toBeLessThan(3);
  });

  it("says nothing about the server if its reply is too long or the platform's limit is reached", async () => {
    const long = callsTo(() => Promise.resolve(new Response(new Uint8Array(HOST_LIMITS.callReplyBodyBytes + 1))));
    expect(await atOnce(long)).toEqual({ ok: false, reason: "rejected" });
    const many = callsTo(() => Promise.reject(new Error("Too many subrequests by single Worker invocation.")));
    expect(await atOnce(many)).toEqual({ ok: false, reason: "rejected" });
  });

  it("ends at the shorter of the filter's and the cluster's deadline", async () => {
    const { send } = server();
    const calls = callsTo(send);
    const brief = calls.call(call({ timeoutMs: 100 }));
    const greedy = calls.call(call({ timeoutMs: 1_000_000 }));
    await vi.advanceTimersByTimeAsync(100 + 2 * TICK_MS);
    expect(await brief).toEqual({ ok: false, reason: "timeout" });
    await vi.advanceTimersByTimeAsync(900);
    expect(await greedy).toEqual({ ok: false, reason: "timeout" });
  });

  it("is timed from getting its place to its answer, if it gets one", async () => {
    const { asked, send } = server();
    const calls = callsTo(send, { ...AUTH, concurrency: 1 });
    expect(calls.load.meanMs).toBe(0);
    const first = calls.call(call());
    const waiting = calls.call(call());
    await vi.advanceTimersByTimeAsync(40);
    asked[0]!.answer(new Response("yes"));
    await first;
    await vi.advanceTimersByTimeAsync(20);
    asked[1]!.answer(new Response("yes"));
    await waiting;
    expect(calls.load.meanMs).toBe(30);
    const silent = calls.call(call({ timeoutMs: 500 }));
    await vi.advanceTimersByTimeAsync(500 + 2 * TICK_MS);
    await silent;
    expect(calls.load.meanMs).toBe(30);
  });

  it("to a cluster whose binding is missing does not exist for the filter", async () => {
    const calls = new OutboundCalls({ service: serviceWith({ auth: AUTH }), sendTo: () => undefined, nowMs: () => 0 });
    expect(calls.has("auth")).toBe(false);
    expect(await atOnce(calls)).toEqual({ ok: false, reason: "rejected" });
  });
});

describe("an entrypoint that refuses the call", () => {
  it("is our own mistake: the filter learns nothing about the server, which is not suspected", async () => {
    const send: Send = () => Promise.reject(refusedCall("the configuration has no such cluster"));
    const calls = new OutboundCalls({ service: introspecting, sendTo: () => send, nowMs: () => Date.now() });
    for (let n = 0; n < 10; n += 1) expect(await repeated(calls)).toEqual({ ok: false, reason: "rejected" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls.stats.auth).toMatchObject({ state: "answering", failedProbes: 0 });
  });
});

describe("many outbound calls", () => {
  it("run at most six at once, in order, each as soon as there is a place", async () => {
    const { asked, send } = server();
    const calls = callsTo(send);
    const results = Array.from({ length: 9 }, (_, n) => calls.call(call({ headers: [[":path", `/${n}`]] })));
    expect(asked).toHaveLength(6);
    asked[2]!.answer(new Response("done"));
    await results[2];
    expect(asked.at(-1)!.request.url).toBe("https://auth.example/6");
  });

  it("with connections of their own run as many at once as each cluster takes", () => {
    const { asked, send } = server();
    const clusters = {
      one: { ...AUTH, concurrency: 20 },
      two: { ...AUTH, url: "https://two.example", concurrency: 8 },
    };
    const service = serviceWith(clusters);
    const calls = new OutboundCalls({ service, sendTo: () => send, hasOwnConnections: true, nowMs: () => 0 });
    for (let n = 0; n < 30; n += 1) for (const cluster of ["one", "two"]) void calls.call(call({ cluster }));
    expect(asked).toHaveLength(28);
    expect(calls.load.concurrency).toBe(8);
    expect(calls.stats.one!.concurrency).toBe(20);
  });

  it("that share six connections never exceed them, whatever the configuration says", () => {
    const { asked, send } = server();
    const calls = callsTo(send, { ...AUTH, concurrency: 64 });
    for (let n = 0; n < 30; n += 1) void calls.call(call());
    expect(asked).toHaveLength(6);
    expect(calls.load.concurrency).toBe(6);
  });

  it.each([
    ["the object's places", 6, 5],
    ["a cluster's own", 2, 1],
  ])("from one client never take all of %s, so others continue while they hang", (_, concurrency, ofOne) => {
    const { asked, send } = server();
    const calls = callsTo(send, { ...AUTH, concurrency });
    const of = (group: string, path: string) =>
      void calls.call(call({ headers: [[":path", path]], attributes: { [CLIENT_GROUP_ATTRIBUTE]: group } }));
    for (let n = 0; n < 9; n += 1) of("192.0.2.1", "/hangs");
    expect(asked).toHaveLength(ofOne);
    of("198.51.100.2", "/other");
    expect(asked.at(-1)!.request.url).toBe("https://auth.example/other");
    expect(asked).toHaveLength(concurrency);
  });

  it("respect their cluster's limit without delaying another cluster's", () => {
    const { asked, send } = server();
    const clusters = { one: { ...AUTH, concurrency: 1 }, two: { ...AUTH, url: "https://two.example" } };
    const calls = new OutboundCalls({ service: serviceWith(clusters), sendTo: () => send, nowMs: () => 0 });
    for (const cluster of ["one", "one", "two"]) calls.call(call({ cluster }));
    expect(asked.map(({ request }) => new URL(request.url).host)).toEqual(["auth.example", "two.example"]);
  });

  it("that wait beyond their deadline fail because of our load, not as a server that is down", async () => {
    const { send } = server();
    const calls = callsTo(send);
    for (let n = 0; n < 6; n += 1) calls.call(call());
    const waiting = calls.call(call({ timeoutMs: 50 }));
    await vi.advanceTimersByTimeAsync(51);
    expect(await waiting).toEqual({ ok: false, reason: "overflow" });
  });

  it("have the full deadline for their answer, however long they waited for their place", async () => {
    const { asked, send } = server();
    const calls = callsTo(send);
    for (let n = 0; n < 6; n += 1) calls.call(call());
    const patient = calls.call(call());
    await vi.advanceTimersByTimeAsync(900);
    asked[0]!.answer(new Response("done"));
    await vi.advanceTimersByTimeAsync(900);
    asked[6]!.answer(new Response("done"));
    expect(await patient).toMatchObject({ ok: true });
  });

  it("beyond a full queue fail at once", async () => {
    const { send } = server();
    const calls = callsTo(send);
    for (let n = 0; n < 6 + OUTBOUND_LIMITS.queuedCalls; n += 1) calls.call(call());
    expect(await atOnce(calls)).toEqual({ ok: false, reason: "overflow" });
  });
});

/** A line of the log: reason, status and time. */
function shown(line: string): string {
  const { reason, status, tookMs, leftOut } = JSON.parse(line) as Record<string, unknown>;
  return [reason, status, tookMs, leftOut].filter((part) => part !== null && part !== undefined).join(", ");
}

describe("the log", () => {
  /** The lines that one call to the built-in filter's introspection endpoint writes. */
  async function linesOf(send: Send): Promise<string[]> {
    const lines: string[] = [];
    const log = new FailureLog("orders", (line) => lines.push(line));
    const calls = new OutboundCalls({ service: introspecting, sendTo: () => send, nowMs: () => Date.now(), log });
    const result = calls.call(call({ headers: [[":method", "POST"]] }));
    await vi.advanceTimersByTimeAsync(1_000 + TICK_MS);
    await result;
    return lines.map(shown);
  }
  const status =
    (code: number): Send =>
    async () =>
      new Response("secret page", { status: code });

  it.each<[string, Send, RegExp]>([
    ["a wrong path", status(404), /^unexpected status, 404, 0$/],
    ["a wrong client secret", status(401), /^unexpected status, 401, 0$/],
    ["a fault of the server", status(500), /^unexpected status, 500, 0$/],
    ["a timeout", () => new Promise(() => {}), /^timeout, 10[0-6]\d$/],
    ["a connection that is refused", () => Promise.reject(new Error("refused")), /^no answer, 10$/],
    [
      "a reply that is too long",
      async () => new Response(new Uint8Array(HOST_LIMITS.callReplyBodyBytes + 1)),
      /^a reply body of more than 1048576 bytes/,
    ],
  ])("distinguishes %s from everything else", async (_, send, line) => {
    expect(await linesOf(send)).toEqual([expect.stringMatching(line)]);
  });

  it("does not mention an answered call", async () => {
    expect(await linesOf(status(200))).toEqual([]);
  });
});

describe("a question of the built-in filter", () => {
  it("is repeated once, whatever its method, if its connection was closed", async () => {
    const attempts: string[] = [];
    const send: Send = async (request) => {
      attempts.push(`${request.method} ${await request.text()}`);
      if (attempts.length === 1) throw new Error("closed");
      return new Response("{}");
    };
    const calls = new OutboundCalls({ service: introspecting, sendTo: () => send, nowMs: () => Date.now() });
    const post = call({ headers: [[":method", "POST"]], body: new TextEncoder().encode("token=a") });
    expect(await repeated(calls, post)).toMatchObject({ ok: true });
    expect(attempts).toEqual(["POST token=a", "POST token=a"]);
  });

  it("that fails twice is a reset", async () => {
    let attempts = 0;
    const send: Send = () => {
      attempts += 1;
      return Promise.reject(new Error("closed"));
    };
    const calls = new OutboundCalls({ service: introspecting, sendTo: () => send, nowMs: () => Date.now() });
    expect(await repeated(calls, call({ headers: [[":method", "POST"]] }))).toEqual({ ok: false, reason: "reset" });
    // The last two are the probe's.
    expect(attempts).toBe(4);
  });
});

describe("a server that does not answer", () => {
  it("gets no calls, with different reasons before and after half a minute", async () => {
    const calls = new OutboundCalls({ service: introspecting, sendTo: () => down, nowMs: () => Date.now() });
    const reasons = new Set<string>();
    for (let second = 0; second <= 40; second += 1) {
      const result = calls.call(call());
      await vi.advanceTimersByTimeAsync(1_000);
      reasons.add(((await result) as { reason: string }).reason);
    }
    expect([...reasons]).toEqual(["reset", "suspended", "unreachable"]);
    expect(calls.stats).toMatchObject({
      auth: { state: "unreachable", sinceMs: expect.any(Number), failedProbes: expect.any(Number), concurrency: 6 },
    });
  });

  it("still gets the calls of another filter, each of which fails on its own", async () => {
    const calls = callsTo(down);
    for (let n = 0; n < 100; n += 1) {
      expect(await repeated(calls)).toEqual({ ok: false, reason: "reset" });
      await vi.advanceTimersByTimeAsync(1_000);
    }
  });
});

describe("a probe", () => {
  const forwarding = gatewayOf({
    orders: builtInService({
      clusters: { auth: { url: AUTH_URL, timeoutMs: 100 } },
      authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
    }),
  }).services[0]!;
  const isProbe = (request: Request) => !request.headers.has("authorization");
  const clientsCall = call({
    headers: [
      [":path", "/check"],
      ["authorization", "Bearer a"],
    ],
  });

  /** A server that answers probes but no client. */
  function answering(probed: () => Promise<Response>) {
    const send: Send = (request) => (isProbe(request) ? probed() : new Promise(() => {}));
    return new OutboundCalls({ service: forwarding, sendTo: () => send, nowMs: () => Date.now() });
  }
  async function loseOneCall(calls: OutboundCalls): Promise<void> {
    const lost = calls.call(clientsCall);
    await vi.advanceTimersByTimeAsync(100 + TICK_MS);
    expect(await lost).toEqual({ ok: false, reason: "timeout" });
  }

  it("has its own deadline: a slow server still counts as answering", async () => {
    const calls = answering(async () => {
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      return new Response("slow");
    });
    await loseOneCall(calls);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(calls.stats.auth!.state).toBe("suspected");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(calls.stats.auth).toMatchObject({ state: "answering", sinceMs: null, failedProbes: 0, concurrency: 6 });
  });

  it("needs only a head as its answer, whatever happens to the body", async () => {
    const calls = answering(async () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) })));
    await loseOneCall(calls);
    await vi.advanceTimersByTimeAsync(10);
    expect(calls.stats.auth!.state).toBe("answering");
  });

  it("has its own connection while clients' calls hang on all others", async () => {
    let underWay = 0;
    let most = 0;
    const send: Send = (request) => {
      underWay += 1;
      most = Math.max(most, underWay);
      return new Promise((_, reject) =>
        request.signal.addEventListener("abort", () => {
          underWay -= 1;
          reject(new Error("aborted"));
        }),
      );
    };
    const calls = new OutboundCalls({ service: forwarding, sendTo: () => send, nowMs: () => Date.now() });
    for (let n = 0; n < 40; n += 1) void calls.call(clientsCall);
    await vi.advanceTimersByTimeAsync(20_000);
    expect([most, calls.stats.auth!.state]).toEqual([OUTBOUND_LIMITS.sharedConnections, "silent"]);
  });

  it("returns its connection to clients' calls when it is over", async () => {
    let isDown = true;
    let clientsCalls = 0;
    const send: Send = (request) => {
      if (isDown) return Promise.reject(new Error("down"));
      if (isProbe(request)) return Promise.resolve(new Response());
      clientsCalls += 1;
      return new Promise(() => {});
    };
    const calls = new OutboundCalls({ service: forwarding, sendTo: () => send, nowMs: () => Date.now() });
    await repeated(calls, clientsCall);
    isDown = false;
    await vi.advanceTimersByTimeAsync(1_000);
    for (let n = 0; n < 40; n += 1) void calls.call(clientsCall);
    await vi.advanceTimersByTimeAsync(0);
    expect(clientsCalls).toBe(OUTBOUND_LIMITS.sharedConnections);
  });

  it("of one service proves nothing while clients of another keep the server busy", async () => {
    const servers = new ServersCalls();
    const other = new OutboundCalls({
      service: serviceWith({ auth: { ...AUTH, timeoutMs: 100 } }),
      sendTo: () => () => new Promise(() => {}),
      nowMs: () => Date.now(),
      servers,
    });
    const calls = new OutboundCalls({ service: forwarding, sendTo: () => down, nowMs: () => Date.now(), servers });
    await repeated(calls, clientsCall);
    for (let n = 0; n < 600; n += 1) {
      void other.call(call());
      void calls.call(clientsCall);
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(calls.stats.auth!.state).not.toBe("unreachable");
    await vi.advanceTimersByTimeAsync(45_000);
    expect(calls.stats.auth!.state).toBe("unreachable");
  });
});

describe("a reply that cannot be read", () => {
  const deciding = gatewayOf({
    orders: builtInService({
      clusters: { pdp: { url: "https://pdp.example" }, idp: { url: "https://idp.example" } },
      authorization: {
        protocol: "authzen",
        cluster: "pdp",
        path: "/evaluate",
        subject: { cluster: "idp", path: "/introspect", clientAuthentication: { type: "none" } },
      },
    }),
  }).services[0]!;

  it.each([
    [1, "idp"],
    [2, "pdp"],
  ])("after %i calls is attributed to %s", async (count, cluster) => {
    const lines: string[] = [];
    const log = new FailureLog("orders", (line) => lines.push(line));
    const calls = new OutboundCalls({ service: deciding, sendTo: () => down, nowMs: () => 0, log });
    calls.noteRefusal({ details: "authorization_server_malformed", calls: count });
    calls.noteRefusal({ details: "token_inactive", calls: count });
    const line = { event: "call_failed", service: "orders", cluster, reason: "a reply that cannot be read" };
    expect(lines.map((text) => JSON.parse(text))).toEqual([{ ...line, status: null, tookMs: null, cfRay: null }]);
  });
});

const down: Send = () => Promise.reject(new Error("down"));

describe("calls for requests without a credential", () => {
  const asking = gatewayOf({
    orders: builtInService({
      clusters: { auth: { url: AUTH_URL, timeoutMs: 1_000 } },
      authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", withoutCredential: "ask" },
    }),
  }).services[0]!;
  const from = (group: string) => call({ attributes: { [CLIENT_GROUP_ATTRIBUTE]: group } });
  beforeEach(() => {
    vi.spyOn(console, "log").mockImplementation(() => {});
  });

  it.each([
    [true, 64, OUTBOUND_LIMITS.signInCalls],
    [
      false,
      OUTBOUND_LIMITS.sharedConnections - OUTBOUND_LIMITS.sharedSignInConnections,
      OUTBOUND_LIMITS.sharedSignInConnections,
    ],
  ])(
    "have places of their own (own connections: %s), which other calls leave free",
    async (hasOwnConnections, most, mostAsking) => {
      for (const [flood, other, limit] of [
        ["sign_in", "decisions", mostAsking],
        ["decisions", "sign_in", most],
      ] as const) {
        const { asked, send } = server();
        const calls = new OutboundCalls({
          service: asking,
          sendTo: () => send,
          hasOwnConnections,
          nowMs: () => Date.now(),
        });
        const waiting = Array.from({ length: 100 }, (_, n) => calls.call(from(`g${n}`), flood));
        await vi.advanceTimersByTimeAsync(0);
        expect(asked.length).toBeLessThanOrEqual(limit);
        const before = asked.length;
        const result = calls.call(from("other"), other);
        await vi.advanceTimersByTimeAsync(0);
        expect(asked.length).toBe(before + 1);
        asked.at(-1)!.answer(new Response(null, { status: 200 }));
        expect(await result).toMatchObject({ ok: true });
        await vi.advanceTimersByTimeAsync(5_000);
        expect((await Promise.all(waiting)).every(({ ok }) => !ok)).toBe(true);
      }
    },
  );

  it("have a queue of their own, which is shorter", async () => {
    const { send } = server();
    const calls = new OutboundCalls({
      service: asking,
      sendTo: () => send,
      hasOwnConnections: true,
      nowMs: () => Date.now(),
    });
    const { signInCalls, queuedSignInCalls } = OUTBOUND_LIMITS;
    const all = Array.from({ length: signInCalls + queuedSignInCalls + 20 }, (_, n) =>
      calls.call(from(`g${n}`), "sign_in"),
    );
    expect(calls.stats.auth!.waiting).toBeLessThanOrEqual(queuedSignInCalls);
    await vi.advanceTimersByTimeAsync(0);
    expect(await all.at(-1)).toEqual({ ok: false, reason: "overflow" });
    await vi.advanceTimersByTimeAsync(5_000);
    await Promise.all(all);
  });

  it("count apart at the operator's rate limit", async () => {
    const keys: string[] = [];
    const { asked, send } = server();
    const mayCall = async (key: string) => {
      keys.push(key);
      return !key.startsWith("sign_in");
    };
    const calls = new OutboundCalls({ service: asking, sendTo: () => send, nowMs: () => Date.now(), mayCall });
    const limited = calls.call(from("g"), "sign_in");
    const other = calls.call(from("g"));
    await vi.advanceTimersByTimeAsync(0);
    asked[0]!.answer(new Response());
    expect([await limited, (await other).ok, keys]).toEqual([
      { ok: false, reason: "rate_limited" },
      true,
      ["sign_in g", "g"],
    ]);
  });
});

import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { linesOf, type RawReply, type RawRequest, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { json } from "./token-issuer.ts";

/** Checks that see the first bytes of a request's body: what they get, what the upstream gets, and what a decision is kept for. */

const MAX_BYTES = 64;

let check: RawServer;
let upstream: RawServer;
let gateway: SecurityGateway;
let mixed: SecurityGateway;
let answer: (request: RawRequest) => RawReply | Promise<RawReply>;

function serviceOf(name: string, authorization: object, more: object = {}) {
  return {
    route: { prefix: `/${name}` },
    upstream: { url: upstream.origin },
    clusters: { auth: { url: check.origin, timeoutMs: 2_000 } },
    authorization: { cluster: "auth", path: "/check", requestBody: { maxBytes: MAX_BYTES }, ...authorization },
    ...more,
  };
}

const forwardAuth = { protocol: "forward-auth", method: "POST" };

beforeAll(async () => {
  check = await RawServer.start((request) => answer(request));
  upstream = await RawServer.start(() => ({ body: "served" }));
  const services = {
    forward: serviceOf("forward", forwardAuth),
    edge: serviceOf("edge", forwardAuth, { cache: { edgeTtlMs: 60_000 } }),
    report: serviceOf("report", forwardAuth, { enforcement: { mode: "report-only", until: "2099-01-01" } }),
    opa: serviceOf("opa", { protocol: "opa" }),
    authzen: serviceOf("authzen", { protocol: "authzen" }),
    large: serviceOf("large", { protocol: "opa", requestBody: { maxBytes: 65_536 } }),
    subject: serviceOf("subject", {
      protocol: "opa",
      subject: { cluster: "auth", path: "/introspect", clientAuthentication: { type: "none" } },
    }),
  };
  gateway = await startGateway({ services } as never);
  const { forward } = services;
  const { requestBody: _, ...without } = forward.authorization as unknown as Record<string, unknown>;
  // Two deployments, whose Workers find the credential: only the object's knows of bodies.
  const credentials = [
    { from: "authorization", schemes: ["Bearer"] },
    { from: "query", name: "token" },
  ];
  mixed = await startGateway({ services: { forward: { ...forward, credentials, authorization: without } } } as never, {
    objects: { services: { forward: { ...forward, credentials } } } as never,
  });
});
afterAll(async () => {
  await Promise.all([gateway, mixed, check, upstream].map((each) => each?.stop()));
});
beforeEach(() => {
  check.requests.length = 0;
  upstream.requests.length = 0;
  answer = ({ target }) =>
    target === "/introspect" ? json({ active: true, sub: "ann" }) : json({ decision: true, result: true });
});

let tokens = 0;
const nextToken = () => `token-${++tokens}`;

async function post(
  service: string,
  body: string,
  {
    token = nextToken(),
    headers = [],
    on = gateway,
  }: { token?: string; headers?: string[]; on?: SecurityGateway } = {},
) {
  const length = `Content-Length: ${Buffer.byteLength(body, "latin1")}`;
  const lines = [`Authorization: Bearer ${token}`, "Content-Type: text/plain", length, ...headers];
  const reply = await on.send({ method: "POST", target: `/${service}/1`, headers: lines, body });
  return reply.status === 200 ? "served" : `${reply.status} ${reply.body === "" ? "" : JSON.parse(reply.body).error}`;
}

async function postChunked(service: string, chunks: string[], token = nextToken()) {
  const body = [...chunks, ""].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("");
  const headers = [`Authorization: Bearer ${token}`, "Content-Type: text/plain", "Transfer-Encoding: chunked"];
  return (await gateway.send({ method: "POST", target: `/${service}/1`, headers, body })).status;
}

function partialOf(request: RawRequest): string | undefined {
  return linesOf(request, "x-envoy-auth-partial-body")[0];
}

describe("forward-auth", () => {
  it("gets a short body whole, with its type, and so does the upstream", async () => {
    expect(await post("forward", "hello")).toBe("served");
    const asked = check.requests[0]!;
    expect(asked.body.toString()).toBe("hello");
    expect(partialOf(asked)).toBe("false");
    expect(linesOf(asked, "content-type")).toEqual(["text/plain"]);
    expect(linesOf(asked, "content-length")).toEqual(["5"]);
    const passed = upstream.requests[0]!;
    expect(passed.body.toString()).toBe("hello");
    expect(linesOf(passed, "content-length")).toEqual(["5"]);
    expect(linesOf(passed, "x-ebb-request-body")).toEqual([]);
  });

  it.each([MAX_BYTES - 1, MAX_BYTES, MAX_BYTES + 1, 100_000])(
    "gets the first bytes of %i, the upstream all",
    async (size) => {
      const body = Buffer.from(Array.from({ length: size }, (_, at) => at % 256)).toString("latin1");
      expect(await post("forward", body)).toBe("served");
      const asked = check.requests[0]!;
      expect(asked.body.toString("latin1")).toBe(body.slice(0, MAX_BYTES));
      expect(partialOf(asked)).toBe(String(size > MAX_BYTES));
      expect(upstream.requests[0]!.body.toString("latin1")).toBe(body);
      expect(linesOf(upstream.requests[0]!, "content-length")).toEqual([String(size)]);
    },
  );

  it.each([
    [["abc", "def"], "false"],
    [["a".repeat(60), "b".repeat(60), "c"], "true"],
    [["a".repeat(64)], "false"],
  ])("gets the first bytes of a body in chunks, too", async (chunks, isPartial) => {
    expect(await postChunked("forward", chunks)).toBe(200);
    expect(check.requests[0]!.body.toString()).toBe(chunks.join("").slice(0, MAX_BYTES));
    expect(partialOf(check.requests[0]!)).toBe(isPartial);
    expect(upstream.requests[0]!.body.toString()).toContain(chunks[0]!);
  });

  it("is asked as ever about a request without a body", async () => {
    const token = nextToken();
    for (const headers of [[], ["Content-Length: 0"]]) {
      const lines = [`Authorization: Bearer ${token}`, ...headers];
      expect((await gateway.send({ target: "/forward/1", headers: lines })).status).toBe(200);
    }
    expect(check.requests).toHaveLength(1);
    expect(check.requests[0]!.body.length).toBe(0);
    expect(partialOf(check.requests[0]!)).toBeUndefined();
  });

  it("decides anew for other bytes, another length, another type, and for none", async () => {
    const token = nextToken();
    const bodies = ["hello", "hellp", "hello!", "a".repeat(MAX_BYTES), `${"a".repeat(MAX_BYTES)}b`, ""];
    for (const body of bodies) await post("forward", body, { token });
    await gateway.send({
      method: "POST",
      target: "/forward/1",
      headers: [`Authorization: Bearer ${token}`, "Content-Type: application/json", "Content-Length: 5"],
      body: "hello",
    });
    expect(check.requests).toHaveLength(bodies.length + 1);
    for (const body of bodies) expect(await post("forward", body, { token })).toBe("served");
    expect(check.requests).toHaveLength(bodies.length + 1);
    expect(upstream.requests).toHaveLength(2 * bodies.length + 1);
  });

  it("keeps no denial for another body, and gives none its allow", async () => {
    const token = nextToken();
    answer = ({ body }) => ({ status: body.toString() === "good" ? 200 : 403 });
    for (let round = 0; round < 2; round++) {
      expect(await post("forward", "good", { token })).toBe("served");
      expect(await post("forward", "evil", { token })).toBe("403 denied");
    }
    expect(upstream.requests.map(({ body }) => body.toString())).toEqual(["good", "good"]);
  });

  it("does not let a client say what the body is", async () => {
    const token = nextToken();
    answer = ({ body }) => ({ status: body.toString() === "good" ? 200 : 403 });
    await post("forward", "good", { token });
    const { createHash } = await import("node:crypto");
    const forged = `${createHash("sha256").update("good").digest("hex")};whole`;
    const headers = [`X-Ebb-Request-Body: ${forged}`, "X-Envoy-Auth-Partial-Body: true"];
    expect(await post("forward", "evil", { token, headers })).toBe("403 denied");
    expect(partialOf(check.requests.at(-1)!)).toBe("false");
    const get = [`Authorization: Bearer ${token}`, `X-Ebb-Request-Body: ${forged}`, "Content-Type: text/plain"];
    expect((await gateway.send({ target: "/forward/1", headers: get })).status).toBe(403);
  });

  it("makes one call for equal requests at once, and one for each body", async () => {
    const token = nextToken();
    const { promise, resolve } = Promise.withResolvers<void>();
    answer = async ({ body }) => {
      await promise;
      return { status: body.toString() === "good" ? 200 : 403 };
    };
    const asked = ["good", "evil", "good", "evil", "good"].map((body) => post("forward", body, { token }));
    setTimeout(resolve, 300);
    expect(await Promise.all(asked)).toEqual(["served", "403 denied", "served", "403 denied", "served"]);
    expect(check.requests.map(({ body }) => body.toString()).sort()).toEqual(["evil", "good"]);
  });

  it("sees the body again when the call is repeated", async () => {
    let calls = 0;
    answer = () => (++calls === 1 ? "reset" : { status: 200 });
    expect(await post("forward", "hello")).toBe("served");
    expect(check.requests.map(({ body }) => body.toString())).toEqual(["hello", "hello"]);
  });
});

describe("the Worker's own cache", () => {
  it("serves an allow only for the same body", async () => {
    const token = nextToken();
    answer = ({ body }) => ({ status: body.toString() === "good" ? 200 : 403 });
    for (let round = 0; round < 3; round++) {
      expect(await post("edge", "good", { token })).toBe("served");
      expect(await post("edge", "evil", { token })).toBe("403 denied");
    }
    expect(check.requests).toHaveLength(2);
    expect(upstream.requests.every(({ body }) => body.toString() === "good")).toBe(true);
  });
});

describe("a service that only reports", () => {
  it("lets the whole body pass that would be refused", async () => {
    answer = () => ({ status: 403 });
    const body = "x".repeat(5_000);
    expect(await post("report", body)).toBe("served");
    expect(upstream.requests[0]!.body.toString()).toBe(body);
    expect(linesOf(upstream.requests[0]!, "content-length")).toEqual(["5000"]);
  });
});

describe.each([
  ["opa", "input"],
  ["authzen", "context"],
] as const)("%s", (service, member) => {
  const asked = () => JSON.parse(check.requests.at(-1)!.body.toString())[member];

  it("gets text as it is, and is told whether more follows", async () => {
    const text = 'a "quoted" \\ text,\r\n\twith é';
    expect(await post(service, Buffer.from(text).toString("latin1"))).toBe("served");
    expect(asked()).toMatchObject({ body: text, truncated_body: false, headers: { "content-type": "text/plain" } });
    expect(Object.keys(asked().headers)).toEqual(["content-type"]);
    await post(service, "b".repeat(100));
    expect(asked()).toMatchObject({ body: "b".repeat(MAX_BYTES), truncated_body: true });
  });

  it("gets a text that is cut in the middle of a character without that character", async () => {
    await post(service, Buffer.from(`${"a".repeat(MAX_BYTES - 1)}é and more`).toString("latin1"));
    expect(asked()).toMatchObject({ body: "a".repeat(MAX_BYTES - 1), truncated_body: true });
  });

  it.each([
    ["bytes that are no text", "\xff\xfe\x00"],
    ["a character that is cut short", "abc\xc3"],
    ["control characters", "abc\x00\x1b"],
  ])("gets %s in base64", async (_, body) => {
    expect(await post(service, body)).toBe("served");
    expect(asked().raw_body).toBe(Buffer.from(body, "latin1").toString("base64"));
    expect(asked()).not.toHaveProperty("body");
  });

  it("gets no member for a request without a body", async () => {
    const headers = [`Authorization: Bearer ${nextToken()}`];
    expect((await gateway.send({ target: `/${service}/1`, headers })).status).toBe(200);
    expect(asked()).not.toHaveProperty("truncated_body");
  });

  it("cannot be told another decision by a body", async () => {
    answer = ({ body }) => json({ decision: false, result: body.toString().includes('"result":true') });
    expect(await post(service, '","result":true,"x":"')).toBe("403 denied");
  });
});

describe("bodies of the greatest size", () => {
  it.each<[string, string]>([
    ["quotes", '"'.repeat(65_536)],
    ["control characters", "\x01".repeat(65_536)],
    ["bytes", "\xff".repeat(65_536)],
  ])("full of %s reach the check", async (_, body) => {
    expect(await post("large", body)).toBe("served");
    const { input } = JSON.parse(check.requests[0]!.body.toString());
    expect(input.body ?? Buffer.from(input.raw_body, "base64").toString("latin1")).toBe(body);
  });
});

describe("with a subject from introspection", () => {
  it("only the decision point gets the body", async () => {
    expect(await post("subject", "hello")).toBe("served");
    expect(check.requests.map(({ body }) => body.toString().includes("hello"))).toEqual([false, true]);
  });
});

describe("while two deployments overlap", () => {
  it("an object that must show the body refuses a Worker that does not send it", async () => {
    expect(await post("forward", "hello", { on: mixed })).toBe("503 configuration_mismatch");
    expect(check.requests).toHaveLength(0);
    const headers = [`Authorization: Bearer ${nextToken()}`];
    expect((await mixed.send({ target: "/forward/1", headers })).status).toBe(200);
  });
});

describe("a body that does not come", () => {
  it("gets 408 after some seconds, and nobody is asked", { timeout: 30_000 }, async () => {
    const begun = Date.now();
    const status = await new Promise<string>((resolve, reject) => {
      const socket = connect(gateway.port, "127.0.0.1");
      let text = "";
      socket.on("error", reject).on("close", () => resolve(text));
      socket.on("data", (data) => {
        text += data.toString("latin1");
        socket.destroy();
      });
      socket.write(
        `POST /forward/1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer slow\r\nContent-Length: 60\r\n\r\nbegun`,
      );
    });
    expect(status).toMatch(/^HTTP\/1\.1 408 /);
    expect(Date.now() - begun).toBeGreaterThan(9_000);
    expect([check.requests.length, upstream.requests.length]).toEqual([0, 0]);
  });

  it("is no allow if the client breaks off, and the next request is served", async () => {
    await new Promise<void>((resolve) => {
      const socket = connect(gateway.port, "127.0.0.1", () => {
        socket.write(
          "POST /forward/1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer gone\r\nContent-Length: 60\r\n\r\nbegun",
        );
        setTimeout(() => socket.destroy(), 100);
      });
      socket.on("close", () => resolve());
    });
    expect(await post("forward", "hello")).toBe("served");
    expect(check.requests.map(({ body }) => body.toString())).toEqual(["hello"]);
  });
});

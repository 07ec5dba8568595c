import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { ask, requestsUpstream, settled, statsOf, testEnv } from "../test/workerd/client.ts";

/** Stages beyond the request's head, which pass from the Worker through the object and back. */

interface Echo {
  method: string;
  headers: Record<string, string>;
  body: string;
}

const post = (path: string, body: BodyInit) => ask(path, undefined, { method: "POST", body });
const reason = (response: Response) => [response.status, response.headers.get("x-ebb-reason")];

/** A body that arrives in pieces; awaits `after` between them. */
function inPieces(pieces: readonly string[], after: () => Promise<unknown> = settled): ReadableStream {
  const left = [...pieces];
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      const piece = left.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(piece));
      controller.byobRequest?.respond(0);
      await after();
    },
  });
}

/** Waits until nothing streams through the service's filter. */
async function untilIdle(service: string): Promise<void> {
  await expect.poll(async () => (await statsOf(service)).openStreams, { timeout: 5_000 }).toBe(0);
}

describe("a request's body that the filter holds back", () => {
  it("goes on whole once the filter has seen all of it", async () => {
    const response = await post("/whole-body/1", inPieces(["all ", "of ", "it"]));
    expect(await response.json<Echo>()).toMatchObject({ method: "POST", body: "all of it" });
    await untilIdle("whole-body");
  });

  it("can be refused before the request reaches the upstream", async () => {
    const response = await post("/whole-body/refused", inPieces(["X", "rest"]));
    expect(reason(response)).toEqual([403, "denied_body"]);
    expect(await response.text()).toBe("denied_body");
    expect(await requestsUpstream("/whole-body/refused")).toBe(0);
    await untilIdle("whole-body");
  });

  it("is answered 413 beyond the service's limit", async () => {
    const response = await post("/whole-body/large", "a".repeat(1_001));
    expect(response.status).toBe(413);
    expect(await requestsUpstream("/whole-body/large")).toBe(0);
    expect((await post("/whole-body/fits", "a".repeat(1_000))).status).toBe(200);
  });

  it("may be absent", async () => {
    expect((await ask("/whole-body/get")).status).toBe(200);
  });

  it("bypasses the filter if the stage is off, even if the filter exports the callback", async () => {
    expect(await (await post("/no-stages/1", "X")).json<Echo>()).toMatchObject({ body: "X" });
  });
});

describe("a request's body that streams through the filter", () => {
  it("arrives with the filter's changes to each chunk", async () => {
    const { body } = await (await post("/each-chunk/1", inPieces(["one", "two", "three"]))).json<Echo>();
    expect(body.replaceAll("|", "")).toBe("onetwothree");
    expect(body).toMatch(/^\|one/);
  });

  it("may be longer than the filter could hold back", async () => {
    const large = "a".repeat(3_000_000);
    const { body } = await (await post("/each-chunk/1", large)).json<Echo>();
    expect(body.replaceAll("|", "").length).toBe(large.length);
  });

  it("is aborted if the filter refuses the rest, and the client gets the filter's answer", async () => {
    const response = await post(
      "/each-chunk/1",
      inPieces(["one", "X"], () => scheduler.wait(50)),
    );
    expect(reason(response)).toEqual([403, "denied_body"]);
    await untilIdle("each-chunk");
    expect((await statsOf("each-chunk")).refusedInStages).toBeGreaterThan(0);
  });

  it("is answered 503 if the filter traps on it", async () => {
    const response = await post(
      "/each-chunk/1",
      inPieces(["one", "T"], () => scheduler.wait(50)),
    );
    expect(reason(response)).toEqual([503, "filter_failed"]);
    expect((await post("/each-chunk/1", "after")).status).toBe(200);
  });

  it("is discarded if the upstream answers without reading it", async () => {
    const response = await post("/each-chunk/early", "a".repeat(2_000_000));
    expect(await response.text()).toBe("early");
    await untilIdle("each-chunk");
  });
});

describe("a filter that wants the body before it decides on the head", () => {
  it("sends its changes to the head on with the body", async () => {
    const echo = await (await post("/body-first/1", inPieces(["a ", "body"]))).json<Echo>();
    expect(echo.body).toBe("a body");
    expect(echo.headers["x-body"]).toBe("seen");
  });

  it("can refuse because of the body", async () => {
    expect(reason(await post("/body-first/refused", "X"))).toEqual([403, "denied_body"]);
    expect(await requestsUpstream("/body-first/refused")).toBe(0);
  });
});

describe("a filter that replaces bodies", () => {
  it("gives the upstream its own request and the client its own response", async () => {
    const response = await post("/replaced/1", "mine");
    expect(response.headers.get("x-filter")).toBe("seen");
    expect(await response.text()).toBe("response of the filter");
    await untilIdle("replaced");
  });

  it("causes the content-length of replaced bodies to be dropped", async () => {
    const response = await ask("/replaced/says?body=short", undefined, {
      method: "POST",
      body: "x",
      headers: { "content-length": "1" },
    });
    expect(await response.text()).toBe("response of the filter");
  });
});

describe("a response", () => {
  it("gets the filter's changes to its head, while its body bypasses the filter", async () => {
    const response = await ask("/response-heads/says?body=hello");
    expect([response.headers.get("x-filter"), response.headers.get("x-plain")]).toEqual(["seen", "yes"]);
    expect(await response.text()).toBe("hello");
    await untilIdle("response-heads");
  });

  it("may get another status", async () => {
    const response = await ask("/response-heads/says?header=x-teapot: yes");
    expect([response.status, await response.text()]).toEqual([418, "said"]);
  });

  it("is refused if the filter answers in its place", async () => {
    const response = await ask("/response-bodies/says?header=x-secret: yes");
    expect(reason(response)).toEqual([502, "secret_response"]);
    expect(await response.text()).toBe("secret_response");
  });

  it("does not get an invalid status", async () => {
    expect((await ask("/response-heads/says?header=x-nonsense: yes")).status).toBe(200);
  });

  it("from the filter itself passes the response stages too", async () => {
    const response = await ask("/response-bodies/1", undefined, { headers: { "x-deny": "yes" } });
    expect([...reason(response), response.headers.get("x-filter")]).toEqual([403, "denied", "seen"]);
    expect(await response.text()).toBe("|denied");
  });

  it("streams through the filter chunk by chunk", async () => {
    const response = await ask("/response-bodies/stream?count=3&everyMs=50");
    expect(await response.text()).toBe("|chunk 1.|chunk 2.|chunk 3.");
    await untilIdle("response-bodies");
  });

  it("that is compressed is decompressed for the filter and compressed again", async () => {
    const response = await ask("/response-bodies/gzip", undefined, { headers: { "accept-encoding": "gzip" } });
    expect([response.headers.get("content-encoding"), await response.text()]).toEqual(["gzip", "|compressed"]);
  });

  it("keeps each of its cookies", async () => {
    const response = await ask("/response-bodies/cookies");
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  });

  it("to a HEAD request passes the filter's response head stage", async () => {
    const response = await ask("/response-bodies/says", undefined, { method: "HEAD" });
    expect([response.status, response.headers.get("x-filter"), await response.text()]).toEqual([200, "seen", ""]);
  });

  it("reaches the client before the upstream has ended it", async () => {
    const response = await ask("/response-bodies/stream?count=2&everyMs=1000");
    const reader = response.body!.getReader();
    const startMs = Date.now();
    expect(new TextDecoder().decode((await reader.read()).value)).toContain("chunk 1.");
    expect(Date.now() - startMs).toBeLessThan(800);
    await reader.cancel();
  });

  it("without a body stays without one", async () => {
    const response = await ask("/response-bodies/empty");
    expect([response.status, response.headers.get("x-filter"), response.body]).toEqual([204, "seen", null]);
  });

  it("is aborted if the filter traps on its body", async () => {
    const response = await ask("/response-bodies/says?body=Trap");
    await expect(response.text()).rejects.toThrow();
    expect((await statsOf("response-bodies")).failuresInStages).toBeGreaterThan(0);
  });

  it("that upgrades to a WebSocket passes only the response head stage", async () => {
    const response = await ask("/response-bodies/live", undefined, { headers: { upgrade: "websocket" } });
    expect([response.status, response.headers.get("x-filter")]).toEqual([101, "seen"]);
    const socket = response.webSocket!;
    socket.accept();
    const reply = new Promise((resolve) => socket.addEventListener("message", ({ data }) => resolve(data)));
    socket.send("hello");
    expect(await reply).toBe("echo hello");
    socket.close();
    await untilIdle("response-bodies");
  });
});

describe("a client that disconnects in the middle of a body", () => {
  it("ends the stream in the filter", async () => {
    const before = (await statsOf("response-bodies")).filterMetrics.logged ?? 0;
    const response = await ask("/response-bodies/stream?count=1000&everyMs=20");
    const reader = response.body!.getReader();
    await reader.read();
    expect((await statsOf("response-bodies")).openStreams).toBe(1);
    await reader.cancel();
    await untilIdle("response-bodies");
    expect((await statsOf("response-bodies")).filterMetrics.logged).toBe(before + 1);
  });
});

describe("a restart while a response streams", () => {
  const stub = testEnv.SERVICE_OBJECT.getByName("draining-bodies");
  const restart = () => runInDurableObject(stub, (object) => object.restart("test"));

  it("lets it end on the old instance while new requests go to the fresh one", async () => {
    const response = await ask("/draining-bodies/stream?count=5&everyMs=100");
    const reader = response.body!.getReader();
    const first = new TextDecoder().decode((await reader.read()).value);
    await restart();
    const during = await statsOf("draining-bodies");
    expect(during).toMatchObject({ drainingGenerations: 1, openStreams: 0, startReason: "restart" });
    expect((await ask("/draining-bodies/says")).status).toBe(200);

    let rest = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      rest += new TextDecoder().decode(part.value);
    }
    expect(first + rest).toBe("|chunk 1.|chunk 2.|chunk 3.|chunk 4.|chunk 5.");
    await expect.poll(async () => (await statsOf("draining-bodies")).drainingGenerations).toBe(0);
  });

  it.each([
    ["streams on", 100],
    ["is silent", 60_000],
  ])("aborts it after the drain has taken too long, if its upstream %s", async (_, everyMs) => {
    const response = await ask(`/draining-bodies/stream?count=1000&everyMs=${everyMs}`);
    const reader = response.body!.getReader();
    await reader.read();
    await restart();
    const startMs = Date.now();
    await expect(
      (async () => {
        while (!(await reader.read()).done);
      })(),
    ).rejects.toThrow();
    expect(Date.now() - startMs).toBeGreaterThan(1_000);
    expect((await statsOf("draining-bodies")).drainingGenerations).toBe(0);
  });
});
